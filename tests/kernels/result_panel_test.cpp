// SPDX-License-Identifier: MIT
#include <spikelet/kernels/result_panel.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/policy.hpp>

#include <support/numbers.hpp>

namespace spikelet::test::result_panel_test {
namespace {

TEST_CASE_TEMPLATE("result_panel: rows are loaded and stored, and nothing beside them", T, float,
                   double) {
    using Batch = simd::Batch<T, Serial<>>;
    constexpr index columns = 2 * simd::width<Batch>;
    index const stride = columns + 3;
    for (index used = 1; used <= columns; ++used) {
        for (bool const from_zero : {false, true}) {
            auto result = random_numbers<T>(3 * stride, 1);
            auto expected = result;
            for (index r = 0; r < 3; ++r) {
                for (index c = 0; c < used; ++c) {
                    T& sum = expected[static_cast<std::size_t>(r * stride + c)];
                    sum = (from_zero ? T(0) : sum) + T(1);
                }
            }
            kernels::with_panel<Batch, columns>(result.data(), stride, from_zero, used,
                                                [](auto panel) {
                                                    for (index r = 0; r < 3; ++r) {
                                                        auto sums = panel.load(r);
                                                        for (Batch& sum : sums) { sum += Batch(1); }
                                                        panel.store(r, sums);
                                                    }
                                                });
            CHECK(same_bits(result, expected));
        }
    }
}

TEST_CASE("result_panel: rows of a factor lie side by side, zeros behind a part") {
    using Batch = simd::Batch<float, Serial<>>;
    constexpr index columns = 2 * simd::width<Batch>;
    auto const from = random_numbers<float>(3 * 40, 1);
    for (index const used : {columns, columns - 3}) {
        std::vector<float> to(static_cast<std::size_t>(3 * columns), 99.0F);
        kernels::copy_panel<Batch, columns>(from.data(), 40, 3, used, to.data());
        for (index r = 0; r < 3; ++r) {
            for (index c = 0; c < columns; ++c) {
                CHECK(to[static_cast<std::size_t>(r * columns + c)] ==
                      (c < used ? from[static_cast<std::size_t>(r * 40 + c)] : 0.0F));
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test::result_panel_test
