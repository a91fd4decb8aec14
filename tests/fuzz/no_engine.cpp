// SPDX-License-Identifier: MIT
// What the program's options ask of its processor, for a build without what computes.
#include "spikegpt/processor.hpp"

namespace spikegpt {

std::span<InstructionSet const> const& instruction_sets() {
    static constexpr std::array<InstructionSet, 1> sets{{{"any", nullptr, nullptr}}};
    static constexpr std::span<InstructionSet const> all(sets);
    return all;
}

}  // namespace spikegpt
