// SPDX-License-Identifier: MIT
#include <spikelet/ops/leaky_integrator.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/learned_neurons.hpp>

namespace spikelet::test::leaky_integrator_test {
namespace {

constexpr index C = 67;

/// The op with its parameter.
struct Readout {
    bool decay_input;
    BasicParameter<double, C> decay = std::move(parameters_around<double, C>(std::array{0.2})[0]);
    SPIKELET_PARTS(decay)

    auto operator()(auto x) const { return leaky_integrator(x, decay, decay_input); }
};

TEST_CASE("leaky_integrator: its gradients are those of differences") {
    auto const x = random_tensor<double>(Extents<dyn, dyn, dyn>(2, 5, C), 1);
    for (bool const decay_input : {true, false}) {
        Readout readout{decay_input};
        auto const report = gradcheck(readout, x);
        INFO(to_string(report));
        CHECK(report.passed());
    }
}

TEST_CASE_TEMPLATE("leaky_integrator: streaming, split at every point, equals the whole sequence",
                   T, float, double) {
    auto const w = parameters_around<T, C>(std::array{0.2});
    auto const x = random_tensor<T>(Extents<dyn, dyn, dyn>(2, 7, C), 1);
    for (bool const decay_input : {true, false}) {
        CHECK(streams_exactly(x, [&](auto v) { return leaky_integrator(v, w[0], decay_input); }));
    }
}

TEST_CASE("leaky_integrator: reads spikes once they are numbers") {
    auto const w = parameters_around<float, C>(std::array{0.0});
    auto const spikes = random_spikes(Extents<dyn, dyn, dyn>(2, 3, C), 1);
    Forward forward;
    auto const s = to_numbers(forward.begin(std::as_const(spikes).view()));
    auto const y = leaky_integrator(s, w[0], false);
    CHECK(values_of(y)[0] == values_of(s)[0]);
}

}  // namespace
}  // namespace spikelet::test::leaky_integrator_test
