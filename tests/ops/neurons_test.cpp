// SPDX-License-Identifier: MIT
#include <spikelet/ops/neurons.hpp>

#include <numeric>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/parametric_lif.hpp>

#include <support/numbers.hpp>
#include <support/quadratic_neuron.hpp>
#include <support/values.hpp>

namespace spikelet::test::neurons_test {
namespace {

constexpr index C = 67;
Extents<dyn, dyn, dyn> const shape(2, 7, C);

/// Numbers around `centre`.
template <class Parameter>
void fill_around(Parameter& p, double centre, std::uint64_t seed) {
    fill_random(p, seed);
    for (auto& v : p.span()) {
        v = static_cast<typename Parameter::scalar>(centre + static_cast<double>(v) / 8);
    }
}

/// Spikes of one's own neurons.
auto quadratic(auto x) { return neurons("quadratic", Quadratic{}, Arctan{}, x); }

TEST_CASE("neurons: one of one's own streams, and has a gradient") {
    auto const x = random_tensor<float>(shape, 1);
    CHECK(streams_exactly(x, [](auto v) { return v + quadratic(v).spikes; }));
    Tape tape;
    auto const v = tape.begin(x.view());
    tape.backward(to_numbers(quadratic(v).spikes));
    CHECK(std::ranges::any_of(gradient_of(v), [](float g) { return g != 0; }));
}

TEST_CASE("neurons: one number serves all channels, and its gradient is the sum of theirs") {
    auto const input = random_tensor<double>(shape, 1);
    BasicParameter<double, C> decays, thresholds;
    BasicParameter<double, 1> decay, threshold;
    for (auto* p : {&decays, &thresholds}) { fill_around(*p, 0.4, 2); }
    for (auto* p : {&decay, &threshold}) { fill_around(*p, 0.4, 2); }
    std::ranges::fill(decays.span(), decay.span()[0]);
    std::ranges::fill(thresholds.span(), threshold.span()[0]);
    auto const run = [&](auto const& d, auto const& h) {
        Tape<Serial<>, double> tape;
        auto const x = tape.begin(input.view());
        auto const s = to_numbers(parametric_lif(x, d, h).spikes);
        tape.backward(s);
        return std::pair{values_of(s), gradient_of(x)};
    };
    auto const own = run(decays, thresholds);
    CHECK(run(decay, threshold) == own);
    auto const sum = [](auto const& p) {
        return std::accumulate(p.gradient(), p.gradient() + p.size(), 0.0);
    };
    CHECK(decay.gradient()[0] == doctest::Approx(sum(decays)));
    CHECK(threshold.gradient()[0] == doctest::Approx(sum(thresholds)));
    CHECK(threshold.gradient()[0] != 0);
    // One of each kind, and sizes that are known at run time only.
    BasicParameter<double, dyn> free{1};
    fill_around(free, 0.4, 2);
    CHECK(run(free, thresholds) == own);
}

TEST_CASE("neurons: what is frozen has no gradient") {
    auto const input = random_tensor<float>(shape, 1);
    Parameter<C> decay, threshold;
    for (auto* p : {&decay, &threshold}) { fill_around(*p, 0.4, 2); }
    decay.freeze();
    Tape tape;
    auto const x = tape.begin(input.view());
    tape.backward(to_numbers(parametric_lif(x, decay, threshold).spikes));
    CHECK(decay.gradient() == nullptr);
    CHECK(std::ranges::any_of(std::span(threshold.gradient(), C), [](float g) { return g != 0; }));
}

TEST_CASE("neurons: run-time sizes that do not fit are an error") {
    BasicParameter<float, dyn> decay{C}, threshold{1};
    for (auto* p : {&decay, &threshold}) { fill_around(*p, 0.4, 2); }
    Tape tape;
    tape.begin();
    auto const four = tape.make<float>(Extents<dyn, dyn, dyn>(1, 2, 4));
    CHECK_THROWS_WITH_AS((void)parametric_lif(four, decay, threshold),
                         "parametric_lif: x is [1, 2, 4], the parameters expect 67 channels",
                         Error);
    CHECK_THROWS_AS((void)parametric_lif(four, threshold, decay), Error);
    CHECK_NOTHROW((void)parametric_lif(four, threshold, threshold));
}

}  // namespace
}  // namespace spikelet::test::neurons_test
