// SPDX-License-Identifier: MIT
#include <spikelet/kernels/quantized_rows.hpp>

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <support/numbers.hpp>

namespace spikelet::test::quantized_rows_test {
namespace {

using kernels::QuantizedRows;

/// Owns the scratch memory.
struct Rows {
    index rows, inputs;
    std::vector<float> scratch = std::vector<float>(
        static_cast<std::size_t>(QuantizedRows<Serial<>>::workspace(rows, inputs) / 4 + 1), 77.0F);
    QuantizedRows<Serial<>> view{rows, inputs, reinterpret_cast<std::byte*>(scratch.data())};

    Rows(index r, index n, std::vector<float> const& x) : rows(r), inputs(n) {
        view.assign(serial, x.data());
    }
};

TEST_CASE("quantized_rows: codes are at most half a step away, padded with zeros") {
    for (index const inputs : {1, 3, 4, 63, 64, 65, 130}) {
        CAPTURE(inputs);
        auto const x = random_numbers<float>(3 * inputs, 1);
        Rows const q(3, inputs, x);
        CHECK(q.view.stride() >= inputs);
        CHECK(q.view.stride() % 4 == 0);
        for (index r = 0; r < 3; ++r) {
            float most = 0;
            for (index i = 0; i < inputs; ++i) {
                float const number = x[static_cast<std::size_t>(r * inputs + i)];
                float const code = q.view.row(r)[i];
                most = std::max(most, std::abs(number));
                CHECK(std::abs(code) <= 127);
                CHECK(code == std::nearbyint(number / q.view.step(r)));
            }
            CHECK(q.view.step(r) == most / 127);
            for (index i = inputs; i < q.view.stride(); ++i) { CHECK(q.view.row(r)[i] == 0); }
        }
    }
}

TEST_CASE("quantized_rows: ties go to even codes") {
    Rows const q(1, 5, {127.0F, 0.5F, 1.5F, -2.5F, -3.5F});
    CHECK(std::vector<int>(q.view.row(0), q.view.row(0) + 5) ==
          std::vector<int>{127, 0, 2, -2, -4});
}

TEST_CASE("quantized_rows: sums are those of the codes") {
    auto const x = random_numbers<float>(2 * 200, 2);
    Rows const q(2, 200, x);
    for (index r = 0; r < 2; ++r) {
        for (index const begin : {0, 64, 128}) {
            for (index const end : {64, 128, 192, 200}) {
                if (begin > end) { continue; }
                CHECK(q.view.sum(r, begin, end) ==
                      std::accumulate(q.view.row(r) + begin, q.view.row(r) + end, 0));
            }
        }
    }
}

TEST_CASE("quantized_rows: a row without numbers above zero, or with none at all") {
    float const nan = std::numeric_limits<float>::quiet_NaN();
    float const infinity = std::numeric_limits<float>::infinity();
    Rows const q(4, 2, {0.0F, -0.0F, 1e-45F, 0.0F, -infinity, 1.0F, infinity, nan});
    CHECK(q.view.step(0) == 0);
    CHECK(q.view.step(1) == 0);
    CHECK(q.view.step(2) == infinity);
    CHECK(std::isnan(q.view.step(3)));
    CHECK(std::vector<int>(q.view.row(0), q.view.row(0) + 4) == std::vector<int>(4, 0));
    CHECK(q.view.row(1)[0] == 0);
    CHECK(q.view.row(2)[1] == 0);
}

TEST_CASE("quantized_rows: no row, no input") {
    CHECK(QuantizedRows<Serial<>>::workspace(0, 5) == 0);
    Rows const q(2, 0, {});
    CHECK(q.view.step(1) == 0);
    CHECK(q.view.sum(1, 0, 0) == 0);
}

}  // namespace
}  // namespace spikelet::test::quantized_rows_test
