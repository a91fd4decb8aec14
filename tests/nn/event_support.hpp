// SPDX-License-Identifier: MIT
//
// What the tests of layers with event nodes share.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/parts.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/inputs.hpp>

#include <support/values.hpp>

namespace spikelet::test {

/// Random weights with gradients; thresholds around 1/4, so that events of all levels occur.
template <class L>
void fill_with_events(L& layer) {
    std::uint64_t seed = 1;
    each_parameter(layer, [&](std::string_view name, auto& p) {
        fill_random(p, seed++);
        if (!name.ends_with("threshold")) { return; }
        for (auto& th : p.span()) { th = std::abs(th) / 8 + decltype(th + th)(0.2); }
    });
}

/// A layer's event nodes are made with it: inputs that change later are an error of that `name`.
/// make(inputs) makes a layer of 5 channels.
void check_refuses_other_inputs(std::string const& name, auto make) {
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 5), 1);
    std::string const message =
        name + ": its inputs were changed after its event nodes were made of them";
    auto const refuses = [&](Inputs made, Inputs changed) {
        auto layer = make(made);
        Rng rng(1);
        layer.init(rng);
        layer.inputs = changed;
        Forward forward;
        CHECK_THROWS_WITH_AS(layer(forward.begin(input.view())), message.c_str(), Error);
    };
    refuses(Inputs::numbers, Inputs::shared_events);
    refuses(Inputs::shared_events, Inputs::own_events);
    refuses(Inputs::own_events, Inputs::lif);
}

/// Weights of a mix that is the choice which these weights of a token shift make.
template <class T>
BasicParameter<T, dyn> chosen(BasicParameter<T, dyn> const& weights) {
    BasicParameter<T, dyn> choice{weights.size()};
    choice.allocate();
    choice.require_gradient();
    for (index c = 0; c < weights.size(); ++c) {
        choice.value()[c] = weights.value()[c] >= T(0.5) ? T(1) : T(0);
    }
    return choice;
}

/// Values of f(x), and with random gradients of these that of x and of all parameters of `layer`.
template <class F, class L>
std::pair<std::vector<double>, std::map<std::string, std::vector<double>>>
values_and_gradients(F const& f, Tensor<double, dyn, dyn, dyn> const& x, L& layer) {
    zero_gradients(layer);
    Tape<Serial<>, double> tape;
    auto const v = tape.begin(x.view());
    auto const y = f(v);
    auto const dy = random_tensor<double>(y.extents, 77);
    tape.backward(y, View<double const, dyn>(dy.data(), Extents<dyn>(dy.size())));
    std::map<std::string, std::vector<double>> gradients;
    gradients["x"] = gradient_of(v);
    each_parameter(layer, [&](std::string_view name, auto const& p) {
        gradients[std::string(name)] = {p.gradient(), p.gradient() + p.size()};
    });
    return {values_of(y), gradients};
}

/// Whether each sequence alone has the bits that it has together with others.
template <class F>
bool rows_stand_alone(Tensor<float, dyn, dyn, dyn> const& x, F const& f) {
    auto const& e = x.extents();
    Forward together;
    auto const all = f(together.begin(x.view()));
    bool same = true;
    for (index b = 0; b < e[0]; ++b) {
        Tensor<float, dyn, dyn, dyn> one(Extents<dyn, dyn, dyn>(1, e[1], e[2]));
        std::copy_n(x.row(b * e[1]), one.size(), one.data());
        Forward alone;
        auto const y = f(alone.begin(std::as_const(one).view()));
        same = same && std::equal(y.data, y.data + one.size(), all.data + b * one.size());
    }
    return same;
}

}  // namespace spikelet::test
