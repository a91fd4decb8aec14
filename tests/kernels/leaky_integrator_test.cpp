// SPDX-License-Identifier: MIT
#include <spikelet/kernels/leaky_integrator.hpp>

#include <doctest/doctest.h>

#include <kernels/neurons_support.hpp>
#include <support/sizes.hpp>

namespace spikelet::test::leaky_integrator_test {
namespace {

template <class T>
using Run = NeuronsRun<kernels::LeakyIntegrator, T>;

TEST_CASE_TEMPLATE("leaky_integrator: sums equal the naive ones", T, float, double) {
    for (bool const decay_input : {true, false}) {
        each_odd_sequence([&](Btc n) { check_neurons_forward(Run<T>{n, {decay_input}}, 20); });
    }
}

TEST_CASE_TEMPLATE("leaky_integrator: gradients of inputs and decays are the chain rule's", T,
                   float, double) {
    for (bool const decay_input : {true, false}) {
        each_odd_sequence([&](Btc n) { check_neurons_backward(Run<T>{n, {decay_input}}, 200); });
    }
}

TEST_CASE("leaky_integrator: by the numbers") {
    Run<double> run{{1, 3, 1}, {false}};
    run.w = {0.0};
    run.x = {1, 0, 0.5};
    run.forward(true);
    CHECK(run.charged == std::vector<double>{1, 0.5, 0.75});
}

}  // namespace
}  // namespace spikelet::test::leaky_integrator_test
