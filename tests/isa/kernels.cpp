// SPDX-License-Identifier: MIT
// Compiled once for every instruction set; ON names the function.
#include <isa/isa.hpp>

#include <algorithm>

#include <support/tiny_lm.hpp>

#include <spikelet/autodiff/session.hpp>
#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/spike_matmul.hpp>
#include <spikelet/kernels/wkv.hpp>

namespace spikelet::test {

namespace {

// Many tokens at a time: kernels need room, of which each instruction set wants another amount.
void read_prompt(Computed& result) {
    auto const model = tiny_lm();
    auto const prompt = random_tokens(1, 40, std::ssize(result.logits));
    Session session(model, SessionOptions{.chunk = 40}, Serial<>{});
    std::ranges::copy(session.feed(prompt.ids), result.logits.begin());
}

}  // namespace

void ON(Computed& result) {
    using Policy = Serial<>;
    constexpr index rows = Computed::rows;
    constexpr index channels = Computed::channels;
    static float x[rows * channels], w[channels * channels], decay[channels], bonus[channels];
    static float scratch[1 << 18];
    for (index i = 0; i < rows * channels; ++i) {
        x[i] = static_cast<float>(i * 7919 % 1009) / 252.0F - 2.0F;
    }
    for (index i = 0; i < channels * channels; ++i) {
        w[i] = static_cast<float>(i * 104729 % 997) / 498.0F - 1.0F;
    }
    for (index c = 0; c < channels; ++c) {
        decay[c] = static_cast<float>(c) / 35.0F - 1.0F;
        bonus[c] = 0.5F - static_cast<float>(c) / 70.0F;
    }
    result.lanes = simd::width<simd::Batch<float, Policy>>;
    kernels::MatmulSize const n{rows, channels, channels};
    kernels::Btc const sequence{1, rows, channels};
    kernels::Matmul<Policy>::forward<float>({}, n, x, w, result.dense.data(), scratch);
    kernels::Lif<Policy>::forward<float>({}, sequence, {.threshold = 0.4}, x, result.spikes.data(),
                                         nullptr, nullptr);
    kernels::SpikeMatmul<Policy>::forward<float>({}, n, result.spikes.data(), w,
                                                 result.sparse.data(), scratch);
    kernels::Wkv<Policy>::forward<float>({}, sequence, decay, bonus, x, x, result.past.data(),
                                         nullptr, nullptr);
    read_prompt(result);
}

}  // namespace spikelet::test
