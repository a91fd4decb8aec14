// SPDX-License-Identifier: MIT
//
// Component openmp: two threads compute what one does.
#include <vector>

#include <spikelet/core/policy.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/kernels/layer_norm.hpp>

namespace sk = spikelet;

// Enough rows for two threads.
constexpr sk::index rows = 1024, channels = 64;

template <class Policy>
std::vector<float> normalised(Policy policy, std::vector<float> const& x) {
    std::vector<float> const gain(channels, 2), bias(channels, 1);
    std::vector<float> y(x.size());
    sk::kernels::LayerNorm<Policy>::forward(policy, rows, channels, 1e-5F, x.data(), gain.data(),
                                            bias.data(), y.data(), static_cast<float*>(nullptr));
    return y;
}

int main() {
    sk::Rng rng{42};
    std::vector<float> x(rows * channels);
    for (float& number : x) { number = static_cast<float>(rng.uniform()); }
    return normalised(sk::OpenMp<>{.threads = 2}, x) == normalised(sk::serial, x) ? 0 : 1;
}
