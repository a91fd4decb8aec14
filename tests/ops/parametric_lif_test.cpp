// SPDX-License-Identifier: MIT
#include <spikelet/ops/parametric_lif.hpp>

#include <doctest/doctest.h>

#include <support/learned_neurons.hpp>

namespace spikelet::test::parametric_lif_test {
namespace {

constexpr index C = 67;
constexpr LifOptions soft{.reset = Reset::soft, .decay_input = false, .detach_reset = true};

TEST_CASE("parametric_lif: charge and gradients are those of one neuron per channel") {
    for (LifOptions const& o : {LifOptions{.reset_value = -0.2}, soft}) {
        auto const w = parameters_around<double, C>(std::array{0.2, 0.4});
        check_op_of_neurons(kernels::ParametricLif{{o}}, w, [&](auto x) {
            auto const fired = parametric_lif(x, w[0], w[1], o);
            return std::pair{to_numbers(fired.spikes), fired.charge};
        });
    }
}

TEST_CASE_TEMPLATE("parametric_lif: streaming, split at every point, equals the whole sequence", T,
                   float, double) {
    auto const w = parameters_around<T, C>(std::array{0.2, 0.4});
    auto const x = random_tensor<T>(Extents<dyn, dyn, dyn>(2, 7, C), 1);
    for (LifOptions const& o : {LifOptions{.reset_value = -0.2}, soft}) {
        CHECK(streams_exactly(x,
                              [&](auto v) { return v + parametric_lif(v, w[0], w[1], o).spikes; }));
    }
}

TEST_CASE("parametric_lif: the charge is there where a gradient needs it") {
    auto const w = parameters_around<float, C>(std::array{0.2, 0.4});
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(1, 2, C), 1);
    Tape tape;
    CHECK(parametric_lif(tape.begin(input.view()), w[0], w[1]).charge.gradient != nullptr);
    Forward forward;
    CHECK(parametric_lif(forward.begin(input.view()), w[0], w[1]).charge.data == nullptr);
}

}  // namespace
}  // namespace spikelet::test::parametric_lif_test
