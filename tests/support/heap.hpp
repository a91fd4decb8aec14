// SPDX-License-Identifier: MIT
//
// Counts what is taken from the heap. Replaces the global functions, so that only one source file
// of a program may include it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace spikelet::test {

/// Calls of operator new and aligned_alloc so far.
inline std::atomic<long> heap_calls{0};

/// Calls while f() runs.
template <class F>
long heap_calls_of(F&& f) {
    long const before = heap_calls;
    f();
    return heap_calls - before;
}

}  // namespace spikelet::test

[[gnu::noinline]] void* operator new(std::size_t bytes) {
    ++spikelet::test::heap_calls;
    if (void* p = std::malloc(bytes > 0 ? bytes : 1)) { return p; }
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t bytes) { return operator new(bytes); }
[[gnu::noinline]] void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept {
    ++spikelet::test::heap_calls;
    return std::malloc(bytes > 0 ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    ++spikelet::test::heap_calls;
    void* p = nullptr;
    return posix_memalign(&p, alignment, bytes) == 0 ? p : nullptr;
}
