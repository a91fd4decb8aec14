// SPDX-License-Identifier: MIT
//
// What docs/neurons.md says of other libraries: their neurons as their documentation defines them,
// one at a time in double, against ours with the constants of the table.
#include <spikelet/nn/adaptive_lif.hpp>
#include <spikelet/nn/synaptic_lif.hpp>

#include <functional>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/values.hpp>

namespace spikelet::test::conventions_test {
namespace {

constexpr index time = 400;
constexpr index neurons_at_once = 5;

Tensor<double, dyn, dyn, dyn> input() {
    return random_tensor<double>(Extents<dyn, dyn, dyn>(1, time, neurons_at_once), 1);
}

/// Whether a layer fires as a neuron that keeps its state in a closure: `make()` gives a new one,
/// which is called with each input and says whether it fires, `delay` steps later than the layer.
template <class L, class Make>
bool agree(L layer, Make const& make, index delay = 0) {
    Rng rng(1);
    init(layer, rng);
    auto const x = input();
    Forward<Serial<>, double> forward;
    auto const ours = values_of(to_numbers(layer(forward.begin(x.view()))));
    index fired = 0;
    for (index c = 0; c < neurons_at_once; ++c) {
        std::function<bool(double)> theirs = make();
        for (index t = 0; t < time; ++t) {
            bool const spike = theirs(x.span()[static_cast<std::size_t>(t * neurons_at_once + c)]);
            auto const own = (t - delay) * neurons_at_once + c;
            bool const expected = t >= delay && ours[static_cast<std::size_t>(own)] == 1;
            if (spike != expected) { return false; }
            fired += spike ? 1 : 0;
        }
    }
    return fired > 20;
}

TEST_CASE("conventions: SpikingJelly's LIF and PLIF") {
    for (bool const decay_input : {true, false}) {
        for (bool const soft : {true, false}) {
            double const tau = 3, threshold = 0.4, reset = soft ? 0 : -0.1;
            LifOptions const o{.tau = tau,
                               .threshold = threshold,
                               .reset = soft ? Reset::soft : Reset::hard,
                               .reset_value = reset,
                               .decay_input = decay_input};
            auto const node = [=] {
                return [=, v = reset](double x) mutable {
                    v = decay_input ? v + (x - (v - reset)) / tau : v - (v - reset) / tau + x;
                    bool const fires = v >= threshold;
                    v = fires ? soft ? v - threshold : reset : v;
                    return fires;
                };
            };
            CHECK(agree(Lif<>{o, {}}, node));
            CHECK(agree(ParametricLif<1, Arctan, double>{.options = o}, node));
        }
    }
}

TEST_CASE("conventions: snnTorch's Leaky") {
    double const beta = 0.8, threshold = 0.9;
    LifOptions o{
        .tau = 1 / (1 - beta), .threshold = threshold, .decay_input = false, .detach_reset = true};
    CHECK(agree(Lif<>{o, {}}, [=] {
        return [=, membrane = 0.0](double x) mutable {
            bool const reset = membrane > threshold;
            membrane = beta * (reset ? 0 : membrane) + x;
            return membrane > threshold;
        };
    }));
    o.reset = Reset::none;
    CHECK(agree(ParametricLif<1, Arctan, double>{.options = o}, [=] {
        return [=, membrane = 0.0](double x) mutable {
            membrane = beta * membrane + x;
            return membrane > threshold;
        };
    }));
    // The whole threshold is subtracted from the next charge: that is another neuron.
    o.reset = Reset::soft;
    CHECK_FALSE(agree(Lif<>{o, {}}, [=] {
        return [=, membrane = 0.0](double x) mutable {
            double const reset = membrane > threshold ? threshold : 0;
            membrane = beta * membrane + x - reset;
            return membrane > threshold;
        };
    }));
}

TEST_CASE("conventions: snnTorch's Synaptic without a reset") {
    double const alpha = 0.6, beta = 0.7, threshold = 1;
    SynapticLif<1, Arctan, double> layer{
        .synapse = {.first_tau = 1 / (1 - alpha), .decay_input = false},
        .neuron = {.options = {.tau = 1 / (1 - beta),
                               .threshold = threshold,
                               .reset = Reset::none,
                               .decay_input = false}}};
    CHECK(agree(std::move(layer), [=] {
        return [=, current = 0.0, membrane = 0.0](double x) mutable {
            current = alpha * current + x;
            membrane = beta * membrane + current;
            return membrane > threshold;
        };
    }));
}

TEST_CASE("conventions: Norse's LIF, with and without a current") {
    double const dt = 0.001, per_synapse = 300, per_membrane = 200, threshold = 0.4, leak = -0.1;
    LifOptions const o{.tau = 1 / (dt * per_membrane), .threshold = threshold, .reset_value = leak};
    CHECK(agree(Lif<>{o, {}}, [=] {
        return [=, v = leak](double x) mutable {
            v += dt * per_membrane * (x + leak - v);
            bool const fires = v > threshold;
            v = fires ? leak : v;
            return fires;
        };
    }));
    for (bool const input_first : {true, false}) {
        CHECK(agree(
            SynapticLif<1, Arctan, double>{
                .synapse = {.first_tau = 1 / (dt * per_synapse), .decay_input = false},
                .neuron = {.options = o}},
            [=] {
                return [=, v = leak, i = 0.0](double x) mutable {
                    if (input_first) { i += x; }
                    v += dt * per_membrane * (leak - v + i);
                    i -= dt * per_synapse * i;
                    if (!input_first) { i += x; }
                    bool const fires = v > threshold;
                    v = fires ? leak : v;
                    return fires;
                };
            },
            input_first ? 0 : 1));
    }
}

/// An adaptive neuron behind a current.
struct Lsnn {
    LeakyIntegrator<1, double> synapse;
    AdaptiveLif<1, Arctan, double> neuron;
    SPIKELET_PARTS(synapse, neuron)

    constexpr auto operator()(auto x) const { return neuron(synapse(x)); }
};

TEST_CASE("conventions: Norse's LSNN") {
    double const dt = 0.001, per_synapse = 300, per_membrane = 200, per_adaptation = 50;
    double const threshold = 0.3, beta = 0.4;
    double const p = dt * per_adaptation;
    Lsnn layer{
        {.first_tau = 1 / (dt * per_synapse), .decay_input = false},
        {.options = {.tau = 1 / (dt * per_membrane), .threshold = threshold},
         .first_recovery_tau = 1 / p,
         .first_strength = (1 - p) * beta},
    };
    CHECK(agree(std::move(layer), [=] {
        return [=, v = 0.0, i = 0.0, b = threshold](double x) mutable {
            i += x;
            v += dt * per_membrane * (i - v);
            i -= dt * per_synapse * i;
            b += p * (threshold - b);
            bool const fires = v > b;
            v = fires ? 0 : v;
            b += fires ? beta : 0;
            return fires;
        };
    }));
}

}  // namespace
}  // namespace spikelet::test::conventions_test
