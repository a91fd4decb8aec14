// SPDX-License-Identifier: MIT
#include <spikelet/ops/adaptive_lif.hpp>

#include <numeric>

#include <doctest/doctest.h>

#include <support/learned_neurons.hpp>

namespace spikelet::test::adaptive_lif_test {
namespace {

constexpr index C = 67;
constexpr LifOptions soft{.reset = Reset::soft, .decay_input = false, .detach_reset = true};
constexpr std::array centres{0.2, 0.3, -0.5, 0.2};

TEST_CASE("adaptive_lif: charge and gradients are those of one neuron per channel") {
    for (LifOptions const& o : {LifOptions{.reset_value = -0.2}, soft}) {
        auto const w = parameters_around<double, C>(centres);
        check_op_of_neurons(kernels::AdaptiveLif{{o}}, w, [&](auto x) {
            auto const fired = adaptive_lif(x, w[0], w[1], w[2], w[3], o);
            return std::pair{to_numbers(fired.spikes), fired.charge};
        });
    }
}

TEST_CASE_TEMPLATE("adaptive_lif: streaming, split at every point, equals the whole sequence", T,
                   float, double) {
    auto const w = parameters_around<T, C>(centres);
    auto const x = random_tensor<T>(Extents<dyn, dyn, dyn>(2, 7, C), 1);
    for (LifOptions const& o : {LifOptions{.reset_value = -0.2}, soft}) {
        CHECK(streams_exactly(
            x, [&](auto v) { return v + adaptive_lif(v, w[0], w[1], w[2], w[3], o).spikes; }));
    }
}

TEST_CASE("adaptive_lif: the more it fires, the less it fires") {
    Tensor<float, dyn, dyn, dyn> ones{1, 40, 1};
    ones.fill(1);
    Parameter<1> decay, threshold, recovery, strength;
    for (auto* p : {&decay, &threshold, &recovery, &strength}) { p->allocate(); }
    threshold.span()[0] = 0.5F;
    recovery.span()[0] = -5;
    auto const count = [&](float raise, index from) {
        strength.span()[0] = raise;
        Forward forward;
        auto const x = forward.begin(std::as_const(ones).view());
        auto const s =
            values_of(to_numbers(adaptive_lif(x, decay, threshold, recovery, strength).spikes));
        return std::accumulate(s.begin() + from, s.begin() + from + 20, 0.0F);
    };
    CHECK(count(0, 0) == 20);
    CHECK(count(0, 20) == 20);
    CHECK(count(0.1F, 0) < 20);
    CHECK(count(0.1F, 20) < count(0.1F, 0));
}

}  // namespace
}  // namespace spikelet::test::adaptive_lif_test
