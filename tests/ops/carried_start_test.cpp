// SPDX-License-Identifier: MIT
//
// Ops go on from a state that the last pass has left, and their gradients end there.
#include <support/carried_start.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/ops/adaptive_lif.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/event_node.hpp>
#include <spikelet/ops/event_shift.hpp>
#include <spikelet/ops/integer_lif.hpp>
#include <spikelet/ops/leaky_integrator.hpp>
#include <spikelet/ops/parametric_lif.hpp>
#include <spikelet/ops/shift.hpp>
#include <spikelet/ops/wkv.hpp>

#include <support/reference_integer_lif.hpp>

namespace spikelet::test::carried_start_test {
namespace {

using reference::Dual, reference::Duals;

constexpr std::array<double, 0> no_weights{};
constexpr LifOptions hard{.threshold = 0.4, .reset_value = -0.2};
constexpr LifOptions soft{.threshold = 0.4, .reset = Reset::soft, .decay_input = false};
constexpr LifOptions detached{.threshold = 0.4, .reset_value = -0.2, .detach_reset = true};

double arctan_slope(double above) { return reference::slope_of(Arctan{}, above); }
Dual exp(Dual a) { return {std::exp(a.value), std::exp(a.value) * a.slope}; }
Dual from_one(Dual a) { return Dual{1, 0} - a; }

/// Spikes and charge in one value.
auto both(auto const& fired) { return fired.charge + fired.spikes; }

/// Neurons one step at a time, with both.
template <class N>
struct Naive {
    N neuron;
    Duals state = constants_of(neuron.rest());

    static Duals constants_of(auto const& rest) {
        return reference::constants({rest.begin(), rest.end()});
    }
    Dual operator()(Duals const& w, Duals const& x) {
        auto const run = reference::naive_run(neuron, w, state, x, arctan_slope);
        state = run.state;
        return run.spikes.empty() ? run.charge[0] : run.charge[0] + run.spikes[0];
    }
};

TEST_CASE("carried start: of wkv") {
    check_carried_start<2>(
        std::array{-0.5, 0.3},
        [](auto const& x, auto const& w) { return wkv(x[0], x[1], w[0], w[1]); },
        [values = Dual{}, weights = Dual{}](Duals const& w, Duals const& x) mutable {
            Dual const kept = exp(Dual{} - exp(w[0]));
            Dual const now = exp(w[1] + x[0]), later = exp(x[0]);
            Dual const y = (values + now * x[1]) / (weights + now);
            values = kept * values + later * x[1];
            weights = kept * weights + later;
            return y;
        });
}

TEST_CASE("carried start: of shift, and of shift_mix") {
    check_carried_start<1>(
        no_weights, [](auto const& x, auto const&) { return shift(x[0]); },
        [before = Dual{}](Duals const&, Duals const& x) mutable {
            return std::exchange(before, x[0]);
        });
    check_carried_start<1>(
        std::array{0.3, 0.6},
        [](auto const& x, auto const& w) {
            auto const y = shift_mix(x[0], w[0], w[1]);
            return y[0] * y[1];
        },
        [before = Dual{}](Duals const& w, Duals const& x) mutable {
            auto const mixed = [&](Dual m) { return x[0] * m + before * from_one(m); };
            Dual const y = mixed(w[0]) * mixed(w[1]);
            before = x[0];
            return y;
        });
}

TEST_CASE("carried start: of lif, at every way to reset") {
    for (LifOptions const& o : {hard, soft, detached}) {
        check_carried_start<1>(
            no_weights, [&](auto const& x, auto const&) { return both(lif(x[0], o)); },
            [naive = Naive<kernels::ParametricLif>{{{o}}}](Duals const&, Duals const& x) mutable {
                return naive({{0, 0}, {0.4, 0}}, x);  // a time constant of 2
            });
    }
}

TEST_CASE("carried start: of neurons with learned constants") {
    for (LifOptions const& o : {hard, soft, detached}) {
        check_carried_start<1>(
            std::array{0.2, 0.4},
            [&](auto const& x, auto const& w) { return both(parametric_lif(x[0], w[0], w[1], o)); },
            Naive<kernels::ParametricLif>{{{o}}});
        check_carried_start<1>(
            std::array{0.2, 0.3, -0.5, 0.2},
            [&](auto const& x, auto const& w) {
                return both(adaptive_lif(x[0], w[0], w[1], w[2], w[3], o));
            },
            Naive<kernels::AdaptiveLif>{{{o}}});
    }
}

TEST_CASE("carried start: of a leaky integrator, alone and as the current of a neuron") {
    check_carried_start<1>(
        std::array{0.2},
        [](auto const& x, auto const& w) { return leaky_integrator(x[0], w[0], true); },
        Naive<kernels::LeakyIntegrator>{{true}});
    check_carried_start<1>(
        std::array{0.2, 0.3, 0.4},
        [](auto const& x, auto const& w) {
            return both(parametric_lif(leaky_integrator(x[0], w[0], false), w[1], w[2], soft));
        },
        [synapse = Naive<kernels::LeakyIntegrator>{{false}},
         neuron = Naive<kernels::ParametricLif>{{{soft}}}](Duals const& w, Duals const& x) mutable {
            return neuron({w[1], w[2]}, {synapse({w[0]}, x)});
        });
}

TEST_CASE_TEMPLATE("carried start: of integer_lif", S, graded<3>, signed_graded<3>) {
    check_carried_start<1>(
        std::array{0.6, 0.4},
        [](auto const& x, auto const& w) { return both(integer_lif<S>(x[0], w[0], w[1])); },
        [membrane = Dual{}](Duals const& w, Duals const& x) mutable {
            auto const n = reference::integer_neuron(EventLevels<S>{}, w[0], w[1], membrane, x);
            membrane = n.membrane;
            return n.charge[0] + n.spikes[0];
        });
}

TEST_CASE_TEMPLATE("carried start: of event_shift", S, bit, signed_graded<3>) {
    check_carried_start<1>(
        std::array{0.5, 0.5, 0.5},
        [](auto const& x, auto const& w) {
            auto const y = event_shift(event_node<S>(x[0], w[0]).spikes, w[1], w[2]);
            return to_numbers(y[0]) * y[1];
        },
        [before = Dual{}](Duals const& w, Duals const& x) mutable {
            Dual const u = x[0] / w[0];
            Dual const now{static_cast<double>(reference::level_at(u.value, EventLevels<S>{})),
                           reference::slope_at(Arctan{}, u.value, EventLevels<S>{}) * u.slope};
            // The choice, whose gradient is that of a mix.
            auto const chosen = [&](Dual m) {
                Dual const event = m.value >= 0.5 ? now : before;
                return event + Dual{0, m.slope * (now.value - before.value)};
            };
            Dual const y = chosen(w[1]) * chosen(w[2]);
            before = now;
            return y;
        });
}

}  // namespace
}  // namespace spikelet::test::carried_start_test
