// SPDX-License-Identifier: MIT
//
// The same bits for any number of threads.
#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/policy.hpp>

namespace spikelet::test {

/// The bits of several arrays, one after another.
template <class... T>
std::string bits_of(std::vector<T> const&... arrays) {
    std::string bits;
    (bits.append(reinterpret_cast<char const*>(arrays.data()), arrays.size() * sizeof(T)), ...);
    return bits;
}

/// f(policy) must return the same for one, two and three threads. The work must be large enough
/// that kernels do share it out.
template <class F>
void check_threads(F&& f) {
    auto const one = f(serial);
    for (int const threads : {2, 3}) {
        CAPTURE(threads);
        bool const same = one == f(OpenMp<>{threads});
        CHECK(same);
    }
}

}  // namespace spikelet::test
