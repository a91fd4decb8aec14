// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/chain.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>
#include <support/values.hpp>

namespace spikelet::test::chain_test {
namespace {

using Numbers = std::vector<float>;

Numbers gradients(auto& model) {
    Numbers all;
    each_parameter(model, [&](std::string_view, auto& p) {
        all.insert(all.end(), p.gradient(), p.gradient() + p.size());
    });
    return all;
}

/// All gradients after one step.
template <class Policy = Serial<>>
Numbers train_once(TinyLm<>& model, TapeOptions options, Policy policy = {}) {
    auto const tokens = random_tokens(3, 12, 11, 1);
    auto const targets = random_tokens(3, 12, 11, 2);
    Tape<Policy> tape(policy, options);
    tape.set_step(4);
    allocate(model, true);
    zero_gradients(model);
    tape.backward(cross_entropy(model(tape.begin(tokens)), targets));
    return gradients(model);
}

TEST_CASE("chain: recomputed gradients have the same bits, dropout included") {
    auto model = tiny_lm();
    for (double const rate : {0.0, 0.3}) {
        for (auto& block : model.blocks) { block.dropout_rate = rate; }
        auto const kept = train_once(model, {.recompute = false, .seed = 9});
        CHECK(same_bits(kept, train_once(model, {.recompute = true, .seed = 9})));
        bool const other = same_bits(kept, train_once(model, {.recompute = true, .seed = 10}));
        CHECK(other == (rate == 0));
    }
}

struct Squares {
    Linear<70, 70> map;
    SPIKELET_PARTS(map)
    auto operator()(auto x) const { return relu2(map(x)); }
};

TEST_CASE("chain: recomputed gradients have the same bits behind layers that say what they need") {
    std::vector<Squares> layers(3);
    Rng rng(1);
    for (Squares& layer : layers) {
        allocate(layer, true);
        layer.map.init(rng);
    }
    auto const x = random_tensor<float>(Extents<dyn, dyn, 70>(2, 20, {}), 2);
    auto const slopes = [&](bool recompute) {
        Tape tape(serial, {.recompute = recompute});
        auto const input = tape.begin(x.view());
        auto const y = chain(layers, input);
        auto const dy = random_numbers<float>(y.extents.size(), 3);
        tape.backward(y, View<float const, dyn>(dy.data(), Extents<dyn>(y.extents.size())));
        return gradient_of(input);
    };
    CHECK(same_bits(slopes(false), slopes(true)));
}

/// Squares that cannot be computed twice.
struct Once : Squares {
    mutable int calls = 0;
    auto operator()(auto x) const {
        if (++calls > 1) { fail("once", "it was computed before"); }
        return Squares::operator()(x);
    }
};

TEST_CASE("chain: whoever watches still does after a layer could not be computed again") {
    std::vector<Once> layers(1);
    Rng rng(1);
    allocate(layers[0], true);
    layers[0].map.init(rng);
    struct Watcher final : Observer {
        void see(Tap const&) override {}
    } watcher;
    auto const x = random_tensor<float>(Extents<dyn, dyn, 70>(2, 20, {}), 2);
    Tape tape(serial, {.recompute = true});
    tape.observe(&watcher);
    auto const y = chain(layers, tape.begin(x.view()));
    auto const dy = random_numbers<float>(y.extents.size(), 3);
    CHECK_THROWS_AS(
        tape.backward(y, View<float const, dyn>(dy.data(), Extents<dyn>(y.extents.size()))), Error);
    tape.begin();
    CHECK(tape.observer() == &watcher);
}

TEST_CASE("chain: gradients equal those of the layers written out") {
    auto model = tiny_lm();
    auto const chained = train_once(model, {});
    auto const tokens = random_tokens(3, 12, 11, 1);
    auto const targets = random_tokens(3, 12, 11, 2);
    zero_gradients(model);
    Tape tape;
    auto const [a, b, c] = std::tie(model.blocks[0], model.blocks[1], model.blocks[2]);
    auto const logits = model.head(model.norm(c(b(a(model.embed(tape.begin(tokens)))))));
    tape.backward(cross_entropy(logits, targets));
    CHECK(same_bits(chained, gradients(model)));
}

TEST_CASE("chain: recomputing takes less memory the more layers there are") {
    auto const bytes = [](bool recompute) {
        auto model = tiny_lm<TinyLm<11, 32, 16>>();
        allocate(model, true);
        Tape tape(serial, {.recompute = recompute});
        auto const tokens = random_tokens(4, 256, 11);
        tape.backward(cross_entropy(model(tape.begin(tokens)), tokens));
        return tape.bytes();
    };
    CHECK(2 * bytes(true) < bytes(false));
}

struct Identity {
    SPIKELET_PARTS()
    constexpr auto operator()(auto x) const { return x; }
};

/// y = x + x.
struct Twice {
    SPIKELET_PARTS()
    constexpr auto operator()(auto x) const { return x + x; }
};

/// Layers in layers.
struct Inner {
    std::vector<Twice> layers = std::vector<Twice>(2);
    SPIKELET_PARTS(layers)
    constexpr auto operator()(auto x) const { return chain(layers, x); }
};

/// The derivative of x + chain(layers, x) by x.
template <class L>
float slope_around(std::vector<L> const& layers, bool recompute) {
    Tensor<float, 1, 1, 3> x;
    x.fill(2);
    Tape tape(serial, {.recompute = recompute});
    auto const input = tape.begin(std::as_const(x).view());
    tape.backward(input + chain(layers, input));
    CHECK(input.gradient[0] == input.gradient[2]);
    return input.gradient[1];
}

TEST_CASE("chain: other paths around it add to the gradient") {
    for (bool const recompute : {false, true}) {
        CAPTURE(recompute);
        CHECK(slope_around(std::vector<Twice>(3), recompute) == 9);
        CHECK(slope_around(std::vector<Twice>{}, recompute) == 2);
        CHECK(slope_around(std::vector<Inner>(2), recompute) == 17);
        CHECK(slope_around(std::vector<Identity>(1), recompute) == 2);
        CHECK(slope_around(std::vector<Identity>(3), recompute) == 2);
    }
}

TEST_CASE("chain: every context computes the same, layers in layers and none at all") {
    Tensor<float, 1, 1, 3> x;
    x.fill(1.5);
    Forward forward;
    Tape tape;
    auto const compare = [&](auto const& layers, float expected) {
        CHECK(chain(layers, forward.begin(std::as_const(x).view())).data[1] == expected);
        CHECK(chain(layers, tape.begin(std::as_const(x).view())).data[1] == expected);
    };
    compare(std::vector<Twice>(3), 12);
    compare(std::vector<Inner>(2), 24);
    compare(std::vector<Identity>(2), 1.5);
    compare(std::vector<Twice>{}, 1.5);
}

/// A square matrix by its type; by its numbers what it likes.
struct Narrow {
    Linear<dyn, dyn> layer{4, 2};
    SPIKELET_PARTS(layer)
    constexpr auto operator()(auto x) const { return layer(x); }
};

TEST_CASE("chain: a layer that returns another shape is an error in every context") {
    std::vector<Narrow> layers(1);
    allocate(layers);
    Tensor<float, dyn, dyn> x{3, 4};
    auto const view = std::as_const(x).view();
    Forward forward;
    CHECK_THROWS_WITH_AS(chain(layers, forward.begin(view)),
                         "chain: a layer must return the shape of its input [3, 4], found [3, 2]",
                         Error);
    for (bool const recompute : {false, true}) {
        Tape tape(serial, {.recompute = recompute});
        CHECK_THROWS_AS(chain(layers, tape.begin(view)), Error);
    }
}

}  // namespace
}  // namespace spikelet::test::chain_test
