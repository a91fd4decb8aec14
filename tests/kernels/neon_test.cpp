// SPDX-License-Identifier: MIT
#include <spikelet/kernels/neon.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <spikelet/kernels/batch.hpp>

#include <support/lanes.hpp>

namespace spikelet::test::neon_test {
namespace {

TEST_CASE("neon: quotients and roots are rounded correctly, on other processors, too") {
    using B = Batch<float>;
    int wrong = 0;
    for (int i = 1; i < 10'000; ++i) {
        float const a = 1.0F + static_cast<float>(i) * 1e-4F;
        float const b = 0.3F + static_cast<float>(i) * 7e-4F;
        wrong += lanes_of(B(a) / B(b)).front() == a / b ? 0 : 1;
        wrong += lanes_of(simd::sqrt(B(b))).back() == std::sqrt(b) ? 0 : 1;
    }
    CHECK(wrong == 0);
    float const infinity = std::numeric_limits<float>::infinity();
    CHECK(lanes_of(B(1) / B(infinity)).front() == 0);
    CHECK(lanes_of(B(1) / B(0)).front() == infinity);
    CHECK(lanes_of(simd::sqrt(B(infinity))).front() == infinity);
}

}  // namespace
}  // namespace spikelet::test::neon_test
