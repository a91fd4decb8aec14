// SPDX-License-Identifier: MIT
#include <spikelet/ops/quantize.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/bias.hpp>
#include <spikelet/ops/elementwise.hpp>

namespace spikelet::test::quantize_test {
namespace {

/// A layer of numbers, its spikes, and a matrix behind them.
template <class W>
struct Model {
    Linear<dyn, dyn, W> first{70, 33};
    Heaviside<> node{};
    BasicParameter<float, dyn> bias{33};
    Linear<dyn, dyn, W> second{33, 9};
    SPIKELET_PARTS(first, node, bias, second)

    constexpr auto operator()(auto x) const { return second(node(first(x))); }
};

/// The same with a part more.
struct Longer {
    Linear<dyn, dyn> first{70, 33};
    BasicParameter<float, dyn> bias{33};
    Linear<dyn, dyn> second{33, 9};
    BasicParameter<float, dyn> more{9};
    SPIKELET_PARTS(first, bias, second, more)
};

/// The same with a part less.
struct Shorter {
    Linear<dyn, dyn> first{70, 33};
    Linear<dyn, dyn> second{33, 9};
    SPIKELET_PARTS(first, second)
};

/// The same with an output less.
struct Narrower {
    Linear<dyn, dyn> first{70, 33};
    BasicParameter<float, dyn> bias{33};
    Linear<dyn, dyn> second{33, 8};
    SPIKELET_PARTS(first, bias, second)
};

Model<float> random_model() {
    Model<float> model;
    Rng rng{3};
    model.first.init(rng);
    model.second.init(rng);
    for (float& b : model.bias.writable()) { b = static_cast<float>(rng.normal()); }
    return model;
}

Model<any_weight> stored_model(Model<float> const& from, WeightType type, index group = 0) {
    Model<any_weight> to;
    each_stored_weight(to, [&](std::string_view, auto& w) { w.store_as(type, group); });
    quantize(from, to);
    return to;
}

template <class M>
std::vector<float> results(M const& model, auto const& layer, index inputs) {
    static_cast<void>(model);
    std::vector<float> numbers(static_cast<std::size_t>(5 * inputs));
    Rng rng{4};
    for (float& x : numbers) { x = static_cast<float>(rng.normal()); }
    Forward forward{serial};
    Extents<dyn, dyn> const shape(5, inputs);
    auto const y = layer(forward.begin(View<float const, dyn, dyn>(numbers.data(), shape)));
    return {y.data, y.data + y.extents.size()};
}

double worst_difference(std::vector<float> const& a, std::vector<float> const& b) {
    REQUIRE(a.size() == b.size());
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    }
    return worst;
}

TEST_CASE("quantize: as float a model computes the same bits") {
    auto const from = random_model();
    auto const to = stored_model(from, WeightType::f32);
    CHECK(results(to, to, 70) == results(from, from, 70));
    CHECK(std::ranges::equal(to.bias.span(), from.bias.span()));
}

TEST_CASE("quantize: fewer bits, larger differences") {
    auto const from = random_model();
    auto const exact = results(from, from.first, 70);
    struct Bound {
        WeightType type;
        double least, most;
    };
    // Inputs are about 1, weights up to 0.12, and a sum has 70 products.
    for (Bound const bound : {Bound{WeightType::bf16, 1e-5, 0.01},
                              {WeightType::int8, 1e-5, 0.04},
                              {WeightType::int4, 1e-2, 0.4},
                              {WeightType::ternary, 1e-1, 2.0}}) {
        for (index const group : {0, 64}) {
            CAPTURE(static_cast<int>(bound.type));
            auto const to = stored_model(from, bound.type, group);
            double const difference = worst_difference(results(to, to.first, 70), exact);
            CHECK(difference > bound.least);
            CHECK(difference < bound.most);
        }
    }
}

TEST_CASE("quantize: a type in the type computes as the same type at run time") {
    auto const from = random_model();
    auto const compare = [&]<class W>(W, WeightType type) {
        Model<W> fixed;
        quantize(from, fixed);
        auto const chosen = stored_model(from, type);
        CHECK(results(fixed, fixed, 70) == results(chosen, chosen, 70));
    };
    compare(bf16{}, WeightType::bf16);
    compare(std::int8_t{}, WeightType::int8);
    compare(int4{}, WeightType::int4);
    compare(trit{}, WeightType::ternary);
}

TEST_CASE("quantize: borrowed weights are float, and where they were") {
    auto const from = random_model();
    Model<any_weight> to;
    borrow(from, to);
    CHECK(results(to, to, 70) == results(from, from, 70));
    CHECK(to.bias.value() == from.bias.value());
    CHECK(to.first.weight.type() == WeightType::f32);
    CHECK(to.first.weight.codes.read_only());
    CHECK_THROWS_WITH_AS(quantize(random_model(), to),
                         "quantize: 'first.weight.codes' is read only", Error);
    CHECK(results(to, to, 70) == results(from, from, 70));
}

template <class S>
void compare_values() {
    // 5 rows of 70 spikes with values, whatever their bits are.
    index const units = 5 * Element<S>::row_units(70);
    std::vector<word> words(static_cast<std::size_t>(units));
    Rng rng{5};
    for (index row = 0; row < 5; ++row) {
        for (index p = 0; p < Element<S>::planes; ++p) {
            auto* const at = words.data() + row * Element<S>::row_units(70) + p;
            at[0] = static_cast<word>(rng.below(1 << 30)) << 20;
            at[Element<S>::planes] = static_cast<word>(rng.below(64));
        }
    }
    View<S const, dyn, dyn> const spikes(words.data(), Extents<dyn, dyn>(5, 70));
    auto const from = random_model();
    auto const to = stored_model(from, WeightType::f32);
    Forward one{serial};
    Forward other{serial};
    auto const y = from.first(one.begin(spikes));
    auto const z = to.first(other.begin(spikes));
    CHECK(std::equal(y.data, y.data + y.extents.size(), z.data));
}

TEST_CASE("quantize: spikes with values meet float weights as they meet parameters") {
    compare_values<bit>();
    compare_values<graded<2>>();
    compare_values<graded<3>>();
    compare_values<graded<4>>();
    compare_values<signed_graded<3>>();
    compare_values<trit>();
}

/// All that a model keeps.
std::vector<std::string> kept_by(Model<any_weight> const& model) {
    std::vector<std::string> all;
    auto const keep = [&](void const* data, std::size_t bytes) {
        all.emplace_back(static_cast<char const*>(data), data == nullptr ? 0 : bytes);
    };
    keep(model.bias.value(), sizeof(float) * static_cast<std::size_t>(model.bias.size()));
    each_stored_weight(model, [&](std::string_view, auto const& weight) {
        all.push_back(std::to_string(static_cast<int>(weight.type())) + " in groups of " +
                      std::to_string(weight.group()));
        keep(weight.codes.value(), static_cast<std::size_t>(weight.codes.size()));
        keep(weight.scale.value(), sizeof(float) * static_cast<std::size_t>(weight.scale.size()));
    });
    return all;
}

template <class From>
void check_refused(From const& from, Model<any_weight>& to, bool also_borrowed,
                   std::string const& reason) {
    auto const before = kept_by(to);
    CHECK_THROWS_WITH_AS(quantize(from, to), ("quantize: " + reason).c_str(), Error);
    CHECK(kept_by(to) == before);
    if (also_borrowed) {
        CHECK_THROWS_WITH_AS(borrow(from, to), ("quantize: " + reason).c_str(), Error);
        CHECK(kept_by(to) == before);
    }
}

TEST_CASE("quantize: what does not fit or is not finite is refused before anything is written") {
    auto from = random_model();
    auto to = stored_model(from, WeightType::int4);
    Rng rng{3};
    auto const made = [&](auto model) {
        init(model, rng);
        return model;
    };
    check_refused(made(Longer{}), to, true, "the models differ in 'more'");
    check_refused(made(Shorter{}), to, true, "the models differ in 'bias'");
    check_refused(made(Narrower{}), to, true, "the models differ in 'second.weight'");
    check_refused(Model<float>{}, to, true, "'bias' has no numbers yet");
    from.second.weight.span()[3] = std::numeric_limits<float>::infinity();
    from.bias.writable()[0] += 1;
    check_refused(from, to, false, "'second.weight' has numbers that are too large or not finite");
}

/// A layer that forgets to list its matrix.
struct Forgetful {
    BasicParameter<float, dyn, dyn> weight{4, 3};
    BasicParameter<float, dyn> bias{3};
    WeightFormat trains_as{};
    SPIKELET_PARTS(bias)
};

TEST_CASE("quantize: a matrix of another shape or without numbers, or one that is not listed") {
    StoredWeight<any_weight, dyn, dyn> to(4, 3);
    BasicParameter<float, dyn, dyn> turned(3, 4);
    BasicParameter<float, dyn, dyn> const empty(4, 3);
    turned.allocate();
    CHECK_THROWS_WITH_AS(quantize(turned, to),
                         "quantize: the matrix is [3, 4], the stored one [4, 3]", Error);
    CHECK_THROWS_WITH_AS(quantize(empty, to), "quantize: there are no numbers yet", Error);
    Forgetful from;
    CHECK_THROWS_WITH_AS(quantize(from, from),
                         "quantize: 'weight' is not among the parts of its layer", Error);
}

TEST_CASE("quantize: how large a number may be depends on what it is stored as") {
    auto from = random_model();
    auto const stores = [&](WeightType type, float number) {
        from.second.weight.span()[3] = number;
        try {
            (void)stored_model(from, type);
            return true;
        } catch (Error const&) { return false; }
    };
    float const largest = std::numeric_limits<float>::max();
    for (WeightType const type : {WeightType::int8, WeightType::int4, WeightType::ternary}) {
        CHECK(stores(type, largest / 2));
        CHECK_FALSE(stores(type, 0.6F * largest));
    }
    CHECK(stores(WeightType::bf16, -0.99F * largest));
    CHECK_FALSE(stores(WeightType::bf16, -largest));
    CHECK(stores(WeightType::f32, largest));
    CHECK_FALSE(stores(WeightType::f32, std::numeric_limits<float>::quiet_NaN()));
}

TEST_CASE("quantize: a model without codes says so when it is asked") {
    Model<any_weight> const empty;
    CHECK_THROWS_AS(results(empty, empty, 70), Error);
}

}  // namespace
}  // namespace spikelet::test::quantize_test
