// SPDX-License-Identifier: MIT
// Every question to compiler and system is asked here: exceptions, debug assertions, user hooks.
#pragma once

#include <cstdio>
#include <cstdlib>

#if defined(__cpp_exceptions)
#define SPIKELET_HAS_EXCEPTIONS 1
#else
/// 1 where errors are thrown; 0 where they go to the error handler (core/error.hpp).
#define SPIKELET_HAS_EXCEPTIONS 0
#endif

#if defined(__linux__) && __has_include(<sys/mman.h>)
#define SPIKELET_HAS_MADVISE 1
#else
/// 1 where the operating system can be asked for large pages.
#define SPIKELET_HAS_MADVISE 0
#endif

/// Checks one of the library's own invariants. On in debug builds, gone when NDEBUG is defined.
/// Define it before including spikelet to supply your own.
#if !defined(SPIKELET_ASSERT)
#if defined(NDEBUG)
#define SPIKELET_ASSERT(condition, message) static_cast<void>(0)
#else
#define SPIKELET_ASSERT(condition, message)                                                        \
    ((condition) ? static_cast<void>(0) : ::spikelet::detail::assertion_failed(message))
#endif
#endif

namespace spikelet::detail {

// GCOVR_EXCL_START: what was counted is lost with the program
[[noreturn]] inline void assertion_failed(char const* message) {
    std::fprintf(stderr, "spikelet: assertion failed: %s\n", message);
    std::abort();
}
// GCOVR_EXCL_STOP

}  // namespace spikelet::detail
