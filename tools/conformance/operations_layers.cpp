// SPDX-License-Identifier: MIT
// The recurrence of keys and values, layer normalisation, token shift.
#include <spikelet/kernels/layer_norm.hpp>
#include <spikelet/kernels/mix.hpp>
#include <spikelet/kernels/shift.hpp>
#include <spikelet/kernels/wkv.hpp>

#include "conformance/operation.hpp"

namespace conformance {
namespace {

// With keys of +-60, each step rounds an exponent by up to 2e-6, and over 128 steps the state keeps
// the sum of it.
constexpr Tolerance wkv_value{Measure::relative, 2e-5};
constexpr Tolerance wkv_gradient{Measure::relative, 5e-5};
constexpr Tolerance wkv_state{Measure::relative, 1e-4};
constexpr Tolerance shifted{Measure::scaled, 1e-6};

// Rows of a normalisation have scales from 1e-4 to 1e3, and one is constant but for its rounding:
// the mean of numbers near 1000 is off by up to 6e-5, half a unit in the last place.
constexpr Tolerance normalised{Measure::absolute, 1e-4};

template <class T>
void check_wkv_case(Operation const& operation, std::string const& prefix, bool has_state) {
    using Wkv = spikelet::kernels::Wkv<Policy>;
    auto const read = [&](char const* name) { return operation.read<T>(prefix + name); };
    auto const n = operation.sizes(prefix + "k");
    auto const k = read("k");
    auto const v = read("v");
    auto const decay = read("time_decay");
    auto const first = read("time_first");
    auto const plane = static_cast<std::size_t>(n.B * n.C);

    std::vector<T> state;
    if (has_state) {
        for (char const* name : {"aa0", "bb0", "pp0"}) {
            auto const some = read(name);
            state.insert(state.end(), some.begin(), some.end());
        }
    } else {
        state.resize(2 * plane);
        state.resize(3 * plane, static_cast<T>(spikelet::kernels::wkv_rest));
    }
    std::vector<T> y(k.size());
    std::vector<T> history(3 * k.size());
    Wkv::forward(operation.policy, n, decay.data(), first.data(), k.data(), v.data(), y.data(),
                 history.data(), state.data());
    operation.compare("y", prefix + "y", y, wkv_value);
    auto end = state.begin();
    for (char const* name : {"aa", "bb", "pp"}) {
        std::vector<T> const some(end, end + std::ssize(state) / 3);
        operation.compare("state at the end", prefix + name, some, wkv_state);
        end += std::ssize(some);
    }

    auto const dy = read("grad_y");
    std::vector<T> dk(k.size());
    std::vector<T> dv(k.size());
    std::vector<T> ddecay(decay.size());
    std::vector<T> dfirst(first.size());
    Wkv::backward(operation.policy, n, decay.data(), first.data(), k.data(), v.data(), y.data(),
                  history.data(), dy.data(), dk.data(), dv.data(), ddecay.data(), dfirst.data());
    operation.compare("gradients", prefix + "grad_k", dk, wkv_gradient);
    operation.compare("gradients", prefix + "grad_v", dv, wkv_gradient);
    operation.compare("gradients", prefix + "grad_time_decay", ddecay, wkv_gradient);
    operation.compare("gradients", prefix + "grad_time_first", dfirst, wkv_gradient);
}

template <class T>
void check_wkv_in(Operation const& operation) {
    for (nlohmann::json const& j : operation.description.at("cases")) {
        check_wkv_case<T>(operation, j.at("name").get<std::string>() + "/", j.at("initial_state"));
    }
}

template <class T>
void check_layer_norm_in(Operation const& operation) {
    using LayerNorm = spikelet::kernels::LayerNorm<Policy>;
    auto const x = operation.read<T>("x");
    auto const weight = operation.read<T>("weight");
    auto const bias = operation.read<T>("bias");
    index const rows = operation.extent("x", 0);
    index const C = operation.extent("x", 1);
    std::vector<T> y(x.size());
    std::vector<T> statistics(static_cast<std::size_t>(2 * rows));
    LayerNorm::forward(operation.policy, rows, C, static_cast<T>(1e-5), x.data(), weight.data(),
                       bias.data(), y.data(), statistics.data());
    operation.compare("y", "y", y, normalised);

    auto const dy = operation.read<T>("grad_y");
    std::vector<T> dx(x.size());
    std::vector<T> dweight(weight.size());
    std::vector<T> dbias(bias.size());
    LayerNorm::backward(operation.policy, rows, C, x.data(), weight.data(), statistics.data(),
                        dy.data(), dx.data(), dweight.data(), dbias.data());
    operation.compare("gradients", "grad_x", dx, gradient);
    operation.compare("gradients", "grad_weight", dweight, gradient);
    operation.compare("gradients", "grad_bias", dbias, gradient);
}

template <class T>
void check_token_shift_in(Operation const& operation, std::string const& prefix) {
    using Mix = spikelet::kernels::Mix<Policy>;
    using Shift = spikelet::kernels::Shift<Policy>;
    auto const n = operation.sizes("x");
    index const rows = n.B * n.T;
    auto const x = operation.read<T>("x");
    auto const mix = operation.read<T>("mix");
    auto state = operation.read<T>("prev");
    if (prefix == "zero/") { std::ranges::fill(state, T(0)); }
    std::vector<T> past(x.size());
    std::vector<T> out(x.size());
    Shift::forward(operation.policy, n, x.data(), past.data(), state.data());
    Mix::forward(operation.policy, rows, n.C, x.data(), past.data(), mix.data(), out.data());
    operation.compare("out", prefix + "out", out, shifted);

    auto const dout = operation.read<T>("grad_out");
    std::vector<T> dx(x.size());
    std::vector<T> dpast(x.size());
    std::vector<T> dmix(mix.size());
    Mix::backward(operation.policy, rows, n.C, x.data(), past.data(), mix.data(), dout.data(),
                  dx.data(), dpast.data(), dmix.data());
    Shift::backward(operation.policy, n, dpast.data(), dx.data());
    operation.compare("gradients", prefix + "grad_x", dx, gradient);
    operation.compare("gradients", prefix + "grad_mix", dmix, gradient);
}

}  // namespace

void check_wkv(Operation const& operation, bool with_double) {
    check_wkv_in<float>(operation);
    if (with_double) { check_wkv_in<double>(operation); }
}

void check_layer_norm(Operation const& operation, bool with_double) {
    check_layer_norm_in<float>(operation);
    if (with_double) { check_layer_norm_in<double>(operation); }
}

void check_token_shift(Operation const& operation, bool with_double) {
    for (char const* before : {"zero/", "prev/"}) {
        check_token_shift_in<float>(operation, before);
        if (with_double) { check_token_shift_in<double>(operation, before); }
    }
}

}  // namespace conformance
