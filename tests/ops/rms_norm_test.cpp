// SPDX-License-Identifier: MIT
#include <spikelet/ops/rms_norm.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/values.hpp>

namespace spikelet::test::rms_norm_test {
namespace {

constexpr Extents<dyn, dyn, 17> shape(2, 3, {});

TEST_CASE_TEMPLATE("rms_norm: scales every row to a mean square of one", T, float, double) {
    auto const x = random_tensor<T>(shape, 1);
    std::vector<double> const numbers(x.span().begin(), x.span().end());
    for (double const eps : {1e-6, 0.5}) {
        Tape<Serial<>, T> tape;
        auto const y = rms_norm(tape.begin(x.view()), eps);
        CHECK(y.extents == shape);
        std::vector<double> expected;
        for (index r = 0; r < 6; ++r) {
            auto const row = reference::row(numbers, r, 17);
            std::vector<double> squares(row.begin(), row.end());
            for (double& v : squares) { v *= v; }
            double const root = std::sqrt(reference::mean(squares) + eps);
            for (double const v : row) { expected.push_back(v / root); }
        }
        CHECK(roundings(values_of(y), expected) < 20);
    }
}

TEST_CASE("rms_norm: adds 1e-6 to the mean square unless told otherwise") {
    Tensor<double, 1, 4> x;
    x.fill(1e-3);
    Forward<Serial<>, double> forward;
    auto const y = rms_norm(forward.begin(std::as_const(x).view()));
    CHECK(y.data[3] == doctest::Approx(std::sqrt(0.5)));
}

TEST_CASE("rms_norm: backward equals finite differences") {
    for (double const eps : {1e-6, 0.5}) {
        auto const report =
            gradcheck([=](auto x) { return rms_norm(x, eps); }, random_tensor<double>(shape, 1));
        CHECK_MESSAGE(report.passed(), to_string(report));
        CHECK(report.checked == 6 * 17);
    }
    CHECK(gradcheck([](auto x) { return rms_norm(x); }, random_tensor<double>(Extents<5>{}, 1))
              .passed());
}

TEST_CASE_TEMPLATE("rms_norm: streaming, split at every point, equals the whole sequence", T, float,
                   double) {
    auto const x = random_tensor<T>(Extents<dyn, dyn, dyn>(2, 5, 67), 1);
    CHECK(streams_exactly(x, [](auto v) { return rms_norm(v); }));
}

}  // namespace
}  // namespace spikelet::test::rms_norm_test
