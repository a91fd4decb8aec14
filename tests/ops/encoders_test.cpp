// SPDX-License-Identifier: MIT
#include <spikelet/ops/encoders.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/lif.hpp>

#include <support/values.hpp>

namespace spikelet::test::encoders_test {
namespace {

TEST_CASE_TEMPLATE("rate_code, delta_code: streaming, split at every point, equals the whole "
                   "sequence",
                   T, float, double) {
    auto const x = random_tensor<T>(Extents<dyn, dyn, dyn>(2, 7, 67), 1);
    CHECK(streams_exactly(x, [](auto v) { return to_numbers(rate_code(v, 3)); }));
    CHECK(streams_exactly(x, [](auto v) { return to_numbers(delta_code(v, 0.5)); }));
    CHECK(streams_exactly(x, [](auto v) { return to_numbers(delta_code<trit>(v, 0.5)); }));
}

TEST_CASE("rate_code: the key says which spikes") {
    Tensor<float, 1, 4, 65> half;
    half.fill(0.5F);
    Tape tape;
    auto const x = tape.begin(std::as_const(half).view());
    auto const spikes = words_of(rate_code(x, 3));
    CHECK(words_of(rate_code(x, 3)) == spikes);
    CHECK(words_of(rate_code(x, 4)) != spikes);
}

TEST_CASE("latency_code: one row becomes a sequence") {
    Tensor<float, 2, 3> x;
    x(0, 0) = 1;
    x(0, 1) = 0.5F;
    x(1, 2) = 1;
    Tape tape;
    auto const s = latency_code(tape.begin(std::as_const(x).view()), 5);
    static_assert(decltype(s)::extents_type::static_extent(1) == dyn);
    CHECK(s.extents[1] == 5);
    CHECK(words_of(s) == std::vector<word>{1, 0, 2, 0, 4, 4, 0, 0, 0, 3});
}

TEST_CASE("encoders: have no gradient, and what stands behind them learns") {
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 67), 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    auto const numbers = to_numbers(delta_code<trit>(x, 0.5));
    CHECK(numbers.gradient != nullptr);
    tape.backward(to_numbers(lif(numbers, {.threshold = 0.3}).spikes));
    CHECK(!x.gradient.started());
}

TEST_CASE("encoders: what makes no sense is an error") {
    auto const rows = random_tensor<float>(Extents<dyn, dyn>(2, 7), 1);
    auto const sequence = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 3), 1);
    Tape tape;
    CHECK_THROWS_WITH_AS((void)latency_code(tape.begin(rows.view()), 0),
                         "latency_code: 0 steps; there are 1 to 16777216", Error);
    CHECK_THROWS_WITH_AS((void)latency_code(tape.begin(rows.view()), 16777217),
                         "latency_code: 16777217 steps; there are 1 to 16777216", Error);
    for (double const threshold : {0.0, -1.0, static_cast<double>(NAN)}) {
        CHECK_THROWS_WITH_AS((void)delta_code(tape.begin(sequence.view()), threshold),
                             "delta_code: the threshold must be above 0", Error);
    }
}

}  // namespace
}  // namespace spikelet::test::encoders_test
