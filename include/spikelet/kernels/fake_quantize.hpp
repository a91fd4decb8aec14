// SPDX-License-Identifier: MIT
// The numbers that a matrix stands for once it is stored in few bits, made without codes: those of
// decode() after encode() (kernels/quantize.hpp), bit for bit.
#pragma once

#include <algorithm>

#include <spikelet/kernels/quantize.hpp>

namespace spikelet::kernels {

/// Rounds matrices as storing them in codes of type C does.
template <Code C, class Policy>
struct FakeQuantize {
    static_assert(CpuPolicy<Policy>,
                  "fake_quantize: no kernel for this policy; the policies are Serial and OpenMp");

    /// w, y [inputs, outputs]; for numbers and `group` see encode().
    static void forward(Policy policy, index inputs, index outputs, index group, float const* w,
                        float* y) {
        if constexpr (std::is_same_v<C, bf16>) {
            auto const some = [=](index begin, index end) {
                std::transform(w + begin, w + end, y + begin, to_bf16);
            };
            parallel_for(policy, inputs * outputs, some, index{1} << 15);
        } else {
            index const across = (outputs + bits_per_word - 1) / bits_per_word;
            auto const some = [=](index begin, index end) {
                for (index part = begin; part < end; ++part) {
                    index const i = part / across * group;
                    index const o = part % across * bits_per_word;
                    detail::Encoder<C, Policy>::round_trip({w + i * outputs + o,
                                                            (std::min)(group, inputs - i), outputs,
                                                            (std::min)(bits_per_word, outputs - o)},
                                                           y + i * outputs + o);
                }
            };
            index const parts = inputs > 0 ? across * scale_groups(inputs, group) : 0;
            parallel_for(policy, parts, some, grain_of(worth_a_thread, group * bits_per_word));
        }
    }

private:
    static constexpr index worth_a_thread = index{1} << 13;
};

}  // namespace spikelet::kernels
