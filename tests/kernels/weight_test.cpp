// SPDX-License-Identifier: MIT
#include <spikelet/kernels/weight.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>

namespace spikelet::test::weight_test {
namespace {

TEST_CASE_TEMPLATE("weight: the gradient of a shared number is the sum of the channels'", T, float,
                   double) {
    for (index const C : {1, 7, 65, 300}) {
        auto const of_channels = random_numbers<T>(C, 1);
        auto const old = random_numbers<T>(C, 2);
        auto dw = old;
        kernels::add_weight(serial, C, of_channels.data(), false, dw.data());
        CHECK(roundings(dw, plus(as_double(old), as_double(of_channels))) < 2);
        std::vector<T> one{old[0]};
        kernels::add_weight(serial, C, of_channels.data(), true, one.data());
        double sum = static_cast<double>(old[0]);
        for (T const d : of_channels) { sum += static_cast<double>(d); }
        CHECK(roundings(one, {sum}) < 50);
        kernels::add_weight<Serial<>, T>({}, C, of_channels.data(), true, nullptr);
    }
}

}  // namespace
}  // namespace spikelet::test::weight_test
