// SPDX-License-Identifier: MIT
#include "processor.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <omp.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <spikelet/core/named.hpp>
#include <spikelet/core/quote.hpp>

namespace spikegpt {

namespace {

constexpr char const* variable = "SPIKEGPT_CPU";

bool always() { return true; }

// What examples/CMakeLists.txt compiles isa/engine.cpp for.
#if defined(__x86_64__)

bool has_avx2() {
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
           __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
           __builtin_cpu_supports("popcnt") != 0;
}

bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
           __builtin_cpu_supports("avx512vnni") != 0
#if defined(SPIKEGPT_AVX512_BF16)
           && __builtin_cpu_supports("avx512bf16") != 0
#endif
        ;
}

constexpr std::array<InstructionSet, 3> sets{{{"sse2", always, engine_on_sse2},
                                              {"avx2", has_avx2, engine_on_avx2},
                                              {"avx512", has_avx512, engine_on_avx512}}};

#elif defined(__aarch64__)
constexpr std::array<InstructionSet, 1> sets{{{"neon", always, engine_on_neon}}};
#else
constexpr std::array<InstructionSet, 1> sets{{{"any", always, engine_on_any}}};
#endif

InstructionSet const& newest_here() {
    return *std::find_if(sets.rbegin(), sets.rend(), [](auto const& set) { return set.here(); });
}

InstructionSet const& choose(std::string const& cpu) {
    char const* const by_variable = std::getenv(variable);
    bool const given = !cpu.empty();
    std::string const name = given || by_variable == nullptr ? cpu : by_variable;
    if (name.empty()) { return newest_here(); }
    std::string const where = given ? "--cpu" : variable;
    auto const& set = sk::detail::find_named(where, instruction_sets(), name);
    if (!set.here()) {
        sk::fail(where, fmt::format("this processor lacks some of {}, it has {}", sk::quote(name),
                                    fmt::join(sets_here(), ", ")));
    }
    return set;
}

}  // namespace

std::span<InstructionSet const> const& instruction_sets() {
    static constexpr std::span<InstructionSet const> all(sets);
    return all;
}

std::vector<std::string> sets_here() {
    std::vector<std::string> names;
    for (auto const& set : sets) {
        if (set.here()) { names.emplace_back(set.name); }
    }
    return names;
}

#if defined(__x86_64__)
// Three leaves of sixteen letters each.
std::string processor_name() {
    std::array<unsigned, 12> words{};
    constexpr unsigned first_leaf = 0x80000002;
    for (unsigned i = 0; i < 3; ++i) {
        unsigned* const w = &words[4 * i];
        if (__get_cpuid(first_leaf + i, &w[0], &w[1], &w[2], &w[3]) == 0) { return "x86-64"; }
    }
    std::string name(sizeof(words), '\0');
    std::memcpy(name.data(), words.data(), sizeof(words));
    name.resize(name.find_last_not_of(std::string_view(" \0", 2)) + 1);
    return name.substr(std::min(name.find_first_not_of(' '), name.size()));
}
#elif defined(__aarch64__)
std::string processor_name() { return "aarch64"; }
#else
std::string processor_name() { return "unknown"; }
#endif

ThreadChoice default_threads() {
    if (std::getenv("OMP_NUM_THREADS") != nullptr) {
        return {omp_get_max_threads(), "OMP_NUM_THREADS"};
    }
    return {omp_get_num_procs(), "one for each processor that this program may use"};
}

Computer choose_computer(std::string const& cpu, sk::index threads) {
    return {&choose(cpu), threads > 0 ? static_cast<int>(threads) : default_threads().count};
}

}  // namespace spikegpt
