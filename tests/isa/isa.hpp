// SPDX-License-Identifier: MIT
//
// The same kernels, compiled for several instruction sets in one program.
#pragma once

#include <array>
#include <cstdint>

#include <spikelet/core/element.hpp>

namespace spikelet::test {

/// What one translation unit computed, without containers: their code would be shared.
struct Computed {
    static constexpr index rows = 70;
    static constexpr index channels = 70;

    index lanes = 0;
    std::array<float, static_cast<std::size_t>(rows* channels)> dense{};   ///< x W
    std::array<float, static_cast<std::size_t>(rows* channels)> sparse{};  ///< s W
    std::array<float, static_cast<std::size_t>(rows* channels)> past{};    ///< wkv
    std::array<word, static_cast<std::size_t>(rows * 2)> spikes{};         ///< lif of x
    std::array<float, 11> logits{};  ///< of a model that read a chunk of a prompt
};

void on_sse2(Computed& result);
void on_avx2(Computed& result);
void on_avx512(Computed& result);

}  // namespace spikelet::test
