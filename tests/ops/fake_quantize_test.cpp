// SPDX-License-Identifier: MIT
#include <spikelet/ops/fake_quantize.hpp>

#include <array>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/chain.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/gather.hpp>
#include <spikelet/ops/quantize.hpp>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/values.hpp>

namespace spikelet::test::fake_quantize_test {
namespace {

using Matrix = BasicParameter<float, dyn, dyn>;

constexpr std::array<WeightFormat, 7> formats{{{WeightType::bf16, 0},
                                               {WeightType::int8, 0},
                                               {WeightType::int8, 64},
                                               {WeightType::int4, 0},
                                               {WeightType::int4, 64},
                                               {WeightType::ternary, 0},
                                               {WeightType::ternary, 128}}};

/// A matrix as it is after quantize() and back.
Matrix stored_and_back(Matrix const& weight, WeightFormat const& format) {
    index const inputs = weight.extents()[0];
    index const outputs = weight.extents()[1];
    StoredWeight<any_weight, dyn, dyn> stored(inputs, outputs);
    stored.store_as(format.type, format.group);
    quantize(weight, stored);
    Matrix back(inputs, outputs);
    detail::with_code(format.type, [&]<class C>(detail::CodeOf<C>) {
        if constexpr (!std::is_same_v<C, float>) {
            auto const* const codes = reinterpret_cast<storage_of<C> const*>(stored.codes.value());
            kernels::decode<C>({codes, stored.scale.value(), stored.group()}, inputs, outputs,
                               back.writable().data());
        }
    });
    back.require_gradient();
    return back;
}

template <class T>
std::vector<T> copy_of(T const* numbers, index n) {
    return {numbers, numbers + n};
}

TEST_CASE("fake quantize: ops see the bits that quantize() leaves, and the weight's gradient") {
    for (index const inputs : {1, 63, 64, 200}) {
        for (index const outputs : {1, 33, 130}) {
            Matrix weight(inputs, outputs);
            fill_random(weight, 1);
            auto const before = copy_of(weight.value(), weight.size());
            for (WeightFormat const& format : formats) {
                CAPTURE(name_of(format.type));
                CAPTURE(format.group);
                Tape tape;
                Forward forward(OpenMp<>{2});
                auto const expected = stored_and_back(weight, format);
                auto const bits = copy_of(expected.value(), weight.size());
                auto const seen = fake_quantized(tape, weight, format);
                CHECK(same_bits(copy_of(seen.value, weight.size()), bits));
                CHECK(seen.gradient == weight.gradient());
                auto const there = fake_quantized(forward, weight, format);
                CHECK(same_bits(copy_of(there.value, weight.size()), bits));
            }
            CHECK(same_bits(copy_of(weight.value(), weight.size()), before));
        }
    }
}

TEST_CASE("fake quantize: as f32 it is the weight itself") {
    Matrix weight(5, 3);
    fill_random(weight, 1);
    Tape tape;
    CHECK(fake_quantized(tape, weight, {}).value == weight.value());
    CHECK(fake_quantized(tape, weight, {}).gradient == weight.gradient());
}

/// What a pass through a layer gives: result, and gradients of weight and input.
struct Pass {
    std::vector<float> y, dw, dx;
};

template <class X>
Pass pass_through(Linear<dyn, dyn>& layer, X const& x, std::vector<float> const& dy) {
    zero_gradients(layer);
    Tape tape;
    auto const v = tape.begin(x.view());
    auto const y = layer(v);
    Pass pass{values_of(y), {}, {}};
    tape.backward(y, View<float const, dyn>(dy.data(), Extents<dyn>(std::ssize(dy))));
    auto const& w = layer.weight;
    pass.dw = copy_of(w.gradient(), w.size());
    pass.dx = gradient_of(v);
    return pass;
}

template <class S>
void check_straight_through() {
    for (index const rows : {1, 7, 40}) {
        Linear<dyn, dyn> layer{70, 33};
        fill_random(layer.weight, 1);
        auto const x = [&] {
            Extents<dyn, dyn> const shape(rows, 70);
            if constexpr (SpikeKind<S>) {
                return random_values<S>(shape, 2);
            } else {
                return random_tensor<S>(shape, 2);
            }
        }();
        auto const dy = random_numbers<float>(rows * 33, 3);
        for (WeightFormat const& format : formats) {
            CAPTURE(name_of(format.type));
            CAPTURE(rows);
            Linear<dyn, dyn> rounded{70, 33, stored_and_back(layer.weight, format)};
            layer.trains_as = format;
            auto const expected = pass_through(rounded, x, dy);
            auto const pass = pass_through(layer, x, dy);
            CHECK(same_bits(pass.y, expected.y));
            CHECK(same_bits(pass.dw, expected.dw));
            CHECK(same_bits(pass.dx, expected.dx));
        }
    }
}

TEST_CASE("fake quantize: a layer computes and passes on as one of rounded weights would") {
    check_straight_through<float>();
    check_straight_through<bit>();
    check_straight_through<graded<3>>();
    check_straight_through<trit>();
}

TEST_CASE("fake quantize: result and gradients are those of the formula, in doubles") {
    index const rows = 9;
    Linear<dyn, dyn> layer{70, 33};
    fill_random(layer.weight, 1);
    layer.trains_as = {WeightType::ternary, 64};
    auto const back = stored_and_back(layer.weight, layer.trains_as);
    auto const x = random_tensor<float>(Extents<dyn, dyn>(rows, 70), 2);
    auto const dy = random_numbers<float>(rows * 33, 3);
    auto const pass = pass_through(layer, x, dy);

    auto const wd = as_double(copy_of(back.value(), back.size()));
    auto const xd = as_double(copy_of(x.data(), x.size()));
    auto const dyd = as_double(dy);
    CHECK(roundings(pass.y, reference::product(xd, wd, rows, 70, 33)) < 64);
    CHECK(roundings(pass.dx,
                    reference::product(dyd, reference::transposed(wd, 70, 33), rows, 33, 70)) < 64);
    CHECK(roundings(pass.dw, reference::product(reference::transposed(xd, rows, 70), dyd, 70, rows,
                                                33)) < 64);
}

TEST_CASE("fake quantize: a frozen weight is rounded, and lets the gradient through") {
    Linear<dyn, dyn> layer{70, 33};
    fill_random(layer.weight, 1);
    layer.trains_as = {WeightType::int4, 0};
    layer.weight.freeze();
    auto const back = stored_and_back(layer.weight, layer.trains_as);
    auto const x = random_tensor<float>(Extents<dyn, dyn>(3, 70), 2);
    Tape tape;
    auto const v = tape.begin(x.view());
    auto const y = layer(v);
    tape.backward(y);
    auto const dx = gradient_of(v);
    Linear<dyn, dyn> rounded{70, 33, stored_and_back(layer.weight, layer.trains_as)};
    rounded.weight.freeze();
    auto const u = tape.begin(x.view());
    tape.backward(rounded(u));
    CHECK(same_bits(gradient_of(u), dx));
}

/// Layers that keep the shape, to be chained.
std::array<Linear<dyn, dyn>, 3> square_layers(WeightFormat const& format) {
    std::array<Linear<dyn, dyn>, 3> layers{{{70, 70}, {70, 70}, {70, 70}}};
    std::uint64_t seed = 1;
    for (auto& layer : layers) {
        fill_random(layer.weight, seed++);
        layer.trains_as = format;
    }
    return layers;
}

TEST_CASE("fake quantize: recomputed layers round again, to the same bits") {
    auto layers = square_layers({WeightType::ternary, 64});
    auto const x = random_tensor<float>(Extents<dyn, dyn>(5, 70), 9);
    auto const gradients = [&](bool recompute, auto policy) {
        std::vector<float> all;
        Tape tape(policy, {.recompute = recompute});
        tape.backward(chain(layers, tape.begin(x.view())));
        for (auto& layer : layers) {
            auto const& w = layer.weight;
            all.insert(all.end(), w.gradient(), w.gradient() + w.size());
            zero_gradients(layer);
        }
        return all;
    };
    auto const expected = gradients(false, serial);
    CHECK(same_bits(gradients(true, serial), expected));
    CHECK(same_bits(gradients(false, OpenMp<>{2}), expected));
    CHECK(same_bits(gradients(true, OpenMp<>{3}), expected));
}

TEST_CASE("fake quantize: rounded weights stay as long as a tape's values, not longer") {
    auto layers = square_layers({WeightType::int8, 0});
    auto const x = random_tensor<float>(Extents<dyn, dyn>(5, 70), 9);
    Tape tape;
    tape.backward(chain(layers, tape.begin(x.view())));
    auto const once = tape.bytes();
    for (int pass = 0; pass < 4; ++pass) { tape.backward(chain(layers, tape.begin(x.view()))); }
    CHECK(tape.bytes() == once);
}

TEST_CASE("fake quantize: what cannot be rounded is explained") {
    Linear<dyn, dyn> layer{64, 3};
    fill_random(layer.weight, 1);
    auto const x = random_tensor<float>(Extents<dyn, dyn>(2, 64), 2);
    Tape tape;
    layer.trains_as = {WeightType::int4, 65};
    CHECK_THROWS_WITH_AS((void)layer(tape.begin(x.view())),
                         "trains_as: a group of inputs is a multiple of 64, not 65", Error);
    layer.trains_as = {WeightType::int4, 0};
    for (float const number :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(),
          std::numeric_limits<float>::max()}) {
        layer.weight.span()[190] = number;
        CHECK_THROWS_WITH_AS((void)layer(tape.begin(x.view())),
                             "trains_as: the matrix has numbers that are too large or not finite",
                             Error);
    }
    Linear<dyn, dyn> const empty{.inputs = 64, .outputs = 3, .trains_as = {WeightType::int4, 0}};
    CHECK_THROWS_AS((void)empty(tape.begin(x.view())), Error);
    Linear<dyn, dyn, double> wide{64, 3};
    fill_random(wide.weight, 1);
    wide.trains_as = {WeightType::int4, 0};
    auto const wide_x = random_tensor<double>(Extents<dyn, dyn>(2, 64), 2);
    Tape<Serial<>, double> wide_tape;
    CHECK_THROWS_WITH_AS((void)wide(wide_tape.begin(wide_x.view())),
                         "trains_as: few bits are for contexts of float", Error);
}

struct Lm {
    BasicParameter<float, dyn, dyn> embed{11, 64};
    Linear<dyn, dyn> head{64, 11};
    SPIKELET_PARTS(embed, head)

    constexpr auto operator()(auto ids) const { return head(gather(ids, embed)); }
};

TEST_CASE("fake quantize: a stream of such a model says what to do instead") {
    Lm lm;
    fill_random(lm.embed, 1);
    fill_random(lm.head.weight, 2);
    Session before(lm);
    lm.head.trains_as = {WeightType::ternary, 0};
    std::string const advice =
        "trains_as: a stream does not round weights at every token: quantize() the model, or "
        "borrow() it for one of any_weight";
    CHECK_THROWS_WITH_AS(Session{lm}, advice.c_str(), Error);
    CHECK_THROWS_WITH_AS((void)before(3), advice.c_str(), Error);
}

}  // namespace
}  // namespace spikelet::test::fake_quantize_test
