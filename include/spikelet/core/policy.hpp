// SPDX-License-Identifier: MIT
// Who computes. The instruction set is part of the policy's type and so of every kernel's symbol:
// translation units compiled for different machines never merge their kernels at link time. Scalar
// helpers below the kernels (Philox, the standard library's algorithms) have one symbol for all
// machines wherever the compiler does not inline them. xsimd 8.1 has one name for all of AVX-512:
// the files of a program that are compiled for it must agree on VNNI and BF16.
#pragma once

#include <algorithm>
#include <concepts>

#if defined(_OPENMP)
#include <omp.h>
#endif

// Some versions of the next header need this one and do not say so.
#if __has_include(<xsimd/config/xsimd_inline.hpp>)
#include <xsimd/config/xsimd_inline.hpp>
#endif

#include <xsimd/config/xsimd_arch.hpp>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// The instruction set that the compiler was told to use.
using default_arch = xsimd::default_arch;

/// One thread, vectorised for Arch, one of xsimd's instruction sets.
template <class Arch = default_arch>
struct Serial {
    using arch = Arch;  ///< the instruction set
};

/// Several threads by OpenMP, vectorised for Arch. `threads` 0 means OpenMP's own choice.
template <class Arch = default_arch>
struct OpenMp {
    using arch = Arch;  ///< the instruction set
    int threads = 0;    ///< 0: what OpenMP chooses
};

/// A policy whose kernels run on this machine's processor: one of the two, or made of it.
template <class Policy>
concept CpuPolicy = std::derived_from<Policy, Serial<typename Policy::arch>> ||
    std::derived_from<Policy, OpenMp<typename Policy::arch>>;

/// One thread on the processor this file is compiled for.
inline constexpr Serial<> serial{};
/// As many threads as OpenMP likes, on the same processor.
inline constexpr OpenMp<> openmp{};

/// How many threads the policy's kernels may use, at least 1.
template <class Arch>
constexpr int thread_count(Serial<Arch>) {
    return 1;
}

template <class Arch>
int thread_count(OpenMp<Arch> policy) {
#if defined(_OPENMP)
    return policy.threads > 0 ? policy.threads : omp_get_max_threads();
#else
    static_assert(sizeof(Arch) == 0,
                  "openmp: compile this file with OpenMP (-fopenmp, or link spikelet::openmp)");
    return policy.threads;
#endif
}

/// The grain of parallel_for() where `work` is worth a thread and an item takes `each` of it, which
/// may be 0 (an empty axis).
constexpr index grain_of(index work, index each) { return work / std::max<index>(each, 1) + 1; }

/// Calls f(begin, end) on ranges that cover [0, n) once. `grain`: fewer items than this are not
/// worth another thread. Results must not depend on how the range is cut.
template <class Arch, class F>
void parallel_for(Serial<Arch>, index n, F&& f, index = 1) {
    if (n > 0) { f(index{0}, n); }
}

template <class Arch, class F>
void parallel_for([[maybe_unused]] OpenMp<Arch> policy, index n, F&& f, index grain = 1) {
    index const parts = std::min<index>(thread_count(policy), n / std::max<index>(grain, 1));
    if (parts <= 1) {
        parallel_for(Serial<Arch>{}, n, f);
        return;
    }
#if defined(_OPENMP)
#pragma omp parallel for num_threads(static_cast <int>(parts)) schedule(static, 1)
    for (index part = 0; part < parts; ++part) { f(n * part / parts, n * (part + 1) / parts); }
#endif
}

}  // namespace spikelet
