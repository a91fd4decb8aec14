// SPDX-License-Identifier: MIT
// The processor: which instruction sets it has, and who computes on it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "engine.hpp"

namespace spikegpt {

/// An instruction set that the program has kernels for.
struct InstructionSet {
    std::string_view name;
    bool (*here)();  ///< whether this processor has it
    Engine const& (*engine)();
};

/// Those of this build, the oldest first.
std::span<InstructionSet const> const& instruction_sets();

/// The names of those that this processor has, the oldest first.
std::vector<std::string> sets_here();

/// What the processor calls itself.
std::string processor_name();

/// A number of threads and where it comes from.
struct ThreadChoice {
    int count;
    std::string_view reason;
};

/// As many as OMP_NUM_THREADS says; where it is silent, one for each processor that this program
/// may use, which a container or taskset(1) may have made fewer than there are.
ThreadChoice default_threads();

/// What the flags --cpu and --threads mean where nothing better is known.
inline constexpr char const* cpu_meaning = "Instruction set to use (default the newest here)";
inline constexpr char const* threads_meaning =
    "Threads to compute with (default one for each processor it may use)";

/// Who computes.
struct Computer {
    InstructionSet const* instructions;
    int threads;

    [[nodiscard]] Engine const& engine() const { return instructions->engine(); }

    /// "2 threads, avx512".
    [[nodiscard]] std::string text() const {
        return fmt::format("{} {}, {}", threads, threads == 1 ? "thread" : "threads",
                           instructions->name);
    }
};

/// The instruction set that `cpu` names, or the variable SPIKEGPT_CPU where that is empty, or else
/// the newest of this processor; `threads`, or default_threads() where that is 0. Throws Error for
/// an instruction set that this processor or this build does not have.
Computer choose_computer(std::string const& cpu = "", sk::index threads = 0);

}  // namespace spikegpt
