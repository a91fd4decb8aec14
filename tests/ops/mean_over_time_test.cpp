// SPDX-License-Identifier: MIT
#include <spikelet/ops/mean_over_time.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/values.hpp>

namespace spikelet::test::mean_over_time_test {
namespace {

using Lengths = std::vector<std::int32_t>;

TEST_CASE("mean_over_time: one row for each sequence, of the steps that count") {
    auto const x = random_tensor<double>(Extents<dyn, dyn, 5>(2, 3, {}), 1);
    Forward<Serial<>, double> forward;
    auto const y = mean_over_time(forward.begin(x.view()), Lengths{3, 2});
    CHECK(y.extents == Extents<dyn, 5>(2, {}));
    double const* const first = x.row(0);
    double const* const second = x.row(3);
    CHECK(y.data[1] == doctest::Approx((first[1] + first[6] + first[11]) / 3));
    CHECK(y.data[5] == doctest::Approx((second[0] + second[5]) / 2));
}

TEST_CASE("mean_over_time: backward equals finite differences") {
    auto const x = random_tensor<double>(Extents<dyn, dyn, 5>(3, 4, {}), 1);
    auto const report = gradcheck([](auto v) { return mean_over_time(v, Lengths{4, 1, 3}); }, x);
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 60);
}

TEST_CASE("mean_over_time: lengths that do not fit are refused") {
    auto const x = random_tensor<float>(Extents<2, 3, 5>{}, 1);
    Forward forward;
    auto const v = forward.begin(x.view());
    for (Lengths const& wrong : {Lengths{}, Lengths{3}, Lengths{3, 0}, Lengths{4, 3}}) {
        CHECK_THROWS_WITH_AS(mean_over_time(v, wrong),
                             "mean_over_time: x is [2, 3, 5] and needs as many lengths, each "
                             "from 1 to its time",
                             Error);
    }
}

}  // namespace
}  // namespace spikelet::test::mean_over_time_test
