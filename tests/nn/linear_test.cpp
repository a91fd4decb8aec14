// SPDX-License-Identifier: MIT
#include <spikelet/nn/linear.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::linear_test {
namespace {

TEST_CASE_TEMPLATE("linear layer: its weight is [in, out], uniform in +-1/sqrt(in)", T, float,
                   double) {
    Linear<100, dyn, T> layer{{}, 50};
    Rng rng(1);
    layer.init(rng);
    CHECK(layer.weight.extents() == Extents<100, dyn>({}, 50));
    auto const w = layer.weight.span();
    auto const [low, high] = std::minmax_element(w.begin(), w.end());
    CHECK(*low >= T(-0.1));
    CHECK(*low < T(-0.099));
    CHECK(*high <= T(0.1));
    CHECK(*high > T(0.099));
    CHECK(Linear<2, 3>::transposed_in_files);
}

TEST_CASE("linear layer: is the op with its weight") {
    Linear<4, 3, double> layer;
    fill_random(layer.weight, 1);
    auto const x = random_tensor<double>(Extents<dyn, 4>(5, {}), 2);
    Tape<Serial<>, double> tape;
    auto const v = tape.begin(x.view());
    CHECK(values_of(layer(v)) == values_of(linear(v, layer.weight)));
    CHECK(gradcheck(layer, x).passed());
}

struct TwoLinear {
    Linear<67, 4> first;
    Linear<4, 3> second;
    SPIKELET_PARTS(first, second)
};

TEST_CASE("linear layer: shows what it is given, numbers or spikes") {
    TwoLinear layers;
    fill_random(layers.first.weight, 1);
    fill_random(layers.second.weight, 2);
    auto const events = random_values<signed_graded<3>>(Extents<dyn, dyn>(5, 67), 3);
    Recorder recorder(layers);
    Forward forward;
    forward.observe(&recorder);
    auto const s = forward.begin(events.view());
    auto const y = layers.first(s);
    (void)layers.second(y);
    CHECK(recorder.seen.size() == 2);
    std::vector<float> levels;
    for (index r = 0; r < 5; ++r) {
        for (index c = 0; c < 67; ++c) { levels.push_back(static_cast<float>(events(r, c))); }
    }
    CHECK(recorder.seen["first.x"] == levels);
    CHECK(recorder.seen["second.x"] == values_of(y));
}

}  // namespace
}  // namespace spikelet::test::linear_test
