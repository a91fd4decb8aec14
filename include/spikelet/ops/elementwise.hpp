// SPDX-License-Identifier: MIT
// Ops in which every element stands alone: + *, sigmoid, relu2, gate, dropout; spikes as numbers.
//
// Every op is four statements: check the shapes, make the result, run the kernel, record the way
// back. The context decides what of that happens.
#pragma once

#include <spikelet/autodiff/var.hpp>
#include <spikelet/kernels/elementwise.hpp>
#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// a + b, same shape.
template <class Ctx, class T, class E>
constexpr auto operator+(Var<Ctx, T, E> a, Var<Ctx, T, E> b) {
    check_same_shape("add", a, b);
    using Add = kernels::Add<decltype(a.ctx->policy())>;
    auto y = a.ctx->template make<T>(a.extents);
    index const n = y.extents.size();
    a.ctx->run([&] { Add::forward(a.ctx->policy(), n, a.data, b.data, y.data); });
    a.ctx->record([=] {
        Add::backward(a.ctx->policy(), n, y.gradient, a.gradient);
        Add::backward(a.ctx->policy(), n, y.gradient, b.gradient);
    });
    return y;
}

/// x + s: spikes count as 0 and 1 (the SEW "add" residual).
template <class Ctx, class T, class E>
    requires(!std::is_same_v<T, bit>)  // bits + bits has no meaning
constexpr auto operator+(Var<Ctx, T, E> x, Var<Ctx, bit, E> s) {
    check_same_shape("add", x, s);
    using Policy = decltype(x.ctx->policy());
    auto y = x.ctx->template make<T>(x.extents);
    index const n = y.extents.size();
    x.ctx->run([&] {
        kernels::AddSpikes<Policy>::forward(x.ctx->policy(), y.extents.rows(), last_extent(y),
                                            x.data, s.data, y.data);
    });
    x.ctx->record([=] {
        kernels::Add<Policy>::backward(x.ctx->policy(), n, y.gradient, x.gradient);
        kernels::Add<Policy>::backward(x.ctx->policy(), n, y.gradient, s.gradient);
    });
    return y;
}

/// Spikes as numbers 0 and 1.
template <class Ctx, class E>
constexpr auto to_numbers(Var<Ctx, bit, E> s) {
    using T = typename Ctx::scalar;
    using Policy = decltype(s.ctx->policy());
    auto y = s.ctx->template make<T>(s.extents);
    index const n = y.extents.size();
    s.ctx->run([&] {
        kernels::AddSpikes<Policy>::template forward<T>(s.ctx->policy(), y.extents.rows(),
                                                        last_extent(y), nullptr, s.data, y.data);
    });
    s.ctx->record(
        [=] { kernels::Add<Policy>::backward(s.ctx->policy(), n, y.gradient, s.gradient); });
    return y;
}

/// a * b, element by element, same shape.
template <class Ctx, class T, class E>
constexpr auto operator*(Var<Ctx, T, E> a, Var<Ctx, T, E> b) {
    check_same_shape("multiply", a, b);
    using Multiply = kernels::Multiply<decltype(a.ctx->policy())>;
    auto y = a.ctx->template make<T>(a.extents);
    index const n = y.extents.size();
    a.ctx->run([&] { Multiply::forward(a.ctx->policy(), n, a.data, b.data, y.data); });
    a.ctx->record([=] {
        Multiply::backward(a.ctx->policy(), n, a.data, b.data, y.gradient, a.gradient, b.gradient);
    });
    return y;
}

/// 1 / (1 + e^-x).
template <class Ctx, class T, class E>
constexpr auto sigmoid(Var<Ctx, T, E> x) {
    using Sigmoid = kernels::Sigmoid<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<T>(x.extents);
    index const n = y.extents.size();
    x.ctx->run([&] { Sigmoid::forward(x.ctx->policy(), n, x.data, y.data); });
    x.ctx->record([=] { Sigmoid::backward(x.ctx->policy(), n, y.data, y.gradient, x.gradient); });
    return y;
}

/// max(x, 0)^2.
template <class Ctx, class T, class E>
constexpr auto relu2(Var<Ctx, T, E> x) {
    using Relu2 = kernels::Relu2<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<T>(x.extents);
    index const n = y.extents.size();
    x.ctx->run([&] { Relu2::forward(x.ctx->policy(), n, x.data, y.data); });
    x.ctx->record([=] { Relu2::backward(x.ctx->policy(), n, x.data, y.gradient, x.gradient); });
    return y;
}

/// sigmoid(r) x: x as far as r lets it through.
template <class Ctx, class T, class E>
constexpr auto gate(Var<Ctx, T, E> r, Var<Ctx, T, E> x) {
    check_same_shape("gate", r, x);
    using Gate = kernels::Gate<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<T>(x.extents);
    index const n = y.extents.size();
    x.ctx->run([&] { Gate::forward(x.ctx->policy(), n, r.data, x.data, y.data); });
    x.ctx->record([=] {
        Gate::backward(x.ctx->policy(), n, r.data, x.data, y.gradient, r.gradient, x.gradient);
    });
    return y;
}

/// Sets elements to zero with probability p and scales the others by 1 / (1 - p); only where a
/// gradient is recorded. Elsewhere, and for p = 0, it is x itself. Throws Error for p = 1 and more.
template <class Ctx, class T, class E>
constexpr auto dropout(Var<Ctx, T, E> x, double p) {
    if constexpr (Ctx::records) {
        if (p >= 1) { fail("dropout", "a rate of " + std::to_string(p) + " leaves nothing"); }
        if (p > 0) {
            using Dropout = kernels::Dropout<decltype(x.ctx->policy())>;
            auto y = x.ctx->template make<T>(x.extents);
            index const n = y.extents.size();
            auto const key = x.ctx->draw();
            x.ctx->run([&] { Dropout::forward(x.ctx->policy(), n, p, key, x.data, y.data); });
            x.ctx->record(
                [=] { Dropout::backward(x.ctx->policy(), n, p, key, y.gradient, x.gradient); });
            return y;
        }
    }
    return x;
}

}  // namespace spikelet
