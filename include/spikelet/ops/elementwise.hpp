// SPDX-License-Identifier: MIT
// Ops in which every element stands alone: + - *, sigmoid, relu, relu2, gate, dropout; spikes as
// numbers. Values of any shape; where there are two, both have one shape, and Error is thrown if
// they differ at run time. In + - * spikes count as the numbers they are, and the result is
// numbers.
//
// Every op is four statements: check the shapes, make the result, run the kernel, record the way
// back. The context decides what of that happens.
#pragma once

#include <spikelet/autodiff/var.hpp>
#include <spikelet/kernels/elementwise.hpp>
#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

namespace detail {

/// The gradient of y is added to that of x, or becomes it. The last that is done with y's.
template <class Policy, class T>
void pass_on(Policy policy, index n, Gradient<T> dy, Gradient<T> dx) {
    if (dx.take_over(dy)) { return; }
    kernels::Add<Policy>::backward(policy, n, dy.numbers(), dx.sum());
}

}  // namespace detail

/// Spikes as numbers: 0 and 1, or the values of graded ones.
template <class Ctx, SpikeKind S, class E>
constexpr auto to_numbers(Var<Ctx, S, E> s) {
    using T = typename Ctx::scalar;
    using Policy = decltype(s.ctx->policy());
    auto y = s.ctx->template make<T>(s.extents);
    index const n = y.extents.size();
    s.ctx->run([&] {
        kernels::AddSpikes<Policy, S>::template forward<T>(s.ctx->policy(), y.extents.rows(),
                                                           last_extent(y), nullptr, s.data, y.data);
    });
    s.ctx->record([=] { detail::pass_on<Policy>(s.ctx->policy(), n, y.gradient, s.gradient); }, y);
    return y;
}

namespace detail {

/// Numbers as they are, spikes as numbers.
template <class Ctx, class T, class E>
constexpr auto as_numbers(Var<Ctx, T, E> x) {
    if constexpr (Element<T>::packed) {
        return to_numbers(x);
    } else {
        return checked_numbers(x);
    }
}

template <class Ctx, class T, class E, class F>
constexpr auto add(Var<Ctx, T, E> a, Var<Ctx, T, F> b) {
    auto const shape = common_shape("add", a, b);
    using Policy = decltype(a.ctx->policy());
    using Add = kernels::Add<Policy>;
    auto y = a.ctx->template make<T>(shape);
    index const n = y.extents.size();
    a.ctx->run([&] { Add::forward(a.ctx->policy(), n, a.data, b.data, y.data); });
    a.ctx->record(
        [=] {
            Add::backward(a.ctx->policy(), n, y.gradient.numbers(), a.gradient.sum());
            pass_on<Policy>(a.ctx->policy(), n, y.gradient, b.gradient);
        },
        y);
    return y;
}

template <class Ctx, class T, class E, SpikeKind S, class F>
constexpr auto add(Var<Ctx, T, E> x, Var<Ctx, S, F> s) {
    auto const shape = common_shape("add", x, s);
    using Policy = decltype(x.ctx->policy());
    auto y = x.ctx->template make<T>(shape);
    index const n = y.extents.size();
    x.ctx->run([&] {
        kernels::AddSpikes<Policy, S>::forward(x.ctx->policy(), y.extents.rows(), last_extent(y),
                                               x.data, s.data, y.data);
    });
    x.ctx->record(
        [=] {
            kernels::Add<Policy>::backward(x.ctx->policy(), n, y.gradient.numbers(),
                                           x.gradient.sum());
            pass_on<Policy>(x.ctx->policy(), n, y.gradient, s.gradient);
        },
        y);
    return y;
}

}  // namespace detail

/// a + b. Numbers plus spikes is the residual "ADD" of SEW ResNet (Fang et al., arXiv 2102.04159).
template <class Ctx, class T, class E, class U, class F>
constexpr auto operator+(Var<Ctx, T, E> a, Var<Ctx, U, F> b) {
    if constexpr (Element<T>::packed && !Element<U>::packed) {
        return detail::add(checked_numbers(b), a);
    } else {
        return detail::add(detail::as_numbers(a), checked_operand(b));
    }
}

/// a - b.
template <class Ctx, class T, class E, class U, class F>
constexpr auto operator-(Var<Ctx, T, E> a, Var<Ctx, U, F> b) {
    using Scalar = typename Ctx::scalar;
    auto const shape = common_shape("subtract", a, b);
    auto const from = detail::as_numbers(a);
    auto const taken = detail::as_numbers(b);
    using Subtract = kernels::Subtract<decltype(a.ctx->policy())>;
    auto y = a.ctx->template make<Scalar>(shape);
    index const n = y.extents.size();
    a.ctx->run([&] { Subtract::forward(a.ctx->policy(), n, from.data, taken.data, y.data); });
    a.ctx->record(
        [=] {
            auto const da = from.gradient.sum();
            auto const db = taken.gradient.sum();
            Subtract::backward(a.ctx->policy(), n, y.gradient.numbers(), da, db);
        },
        y);
    return y;
}

/// a * b, element by element.
template <class Ctx, class T, class E, class U, class F>
constexpr auto operator*(Var<Ctx, T, E> a, Var<Ctx, U, F> b) {
    using Scalar = typename Ctx::scalar;
    auto const shape = common_shape("multiply", a, b);
    auto const p = detail::as_numbers(a);
    auto const q = detail::as_numbers(b);
    using Multiply = kernels::Multiply<decltype(a.ctx->policy())>;
    auto y = a.ctx->template make<Scalar>(shape);
    index const n = y.extents.size();
    a.ctx->run([&] { Multiply::forward(a.ctx->policy(), n, p.data, q.data, y.data); });
    a.ctx->record(
        [=] {
            auto const dp = p.gradient.sum();
            auto const dq = q.gradient.sum();
            Multiply::backward(a.ctx->policy(), n, p.data, q.data, y.gradient.numbers(), dp, dq);
        },
        y);
    return y;
}

/// factor x, the factor rounded to the context's type.
template <class N, class Ctx, class T, class E>
    requires(std::is_arithmetic_v<N>)
constexpr auto operator*(N factor, Var<Ctx, T, E> x) {
    using Scalar = typename Ctx::scalar;
    auto const p = detail::as_numbers(x);
    using Scale = kernels::Scale<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<Scalar>(x.extents);
    index const n = y.extents.size();
    auto const f = static_cast<Scalar>(factor);
    x.ctx->run([&] { Scale::forward(x.ctx->policy(), n, f, p.data, y.data); });
    x.ctx->record(
        [=] { Scale::backward(x.ctx->policy(), n, f, y.gradient.numbers(), p.gradient.sum()); }, y);
    return y;
}
template <class N, class Ctx, class T, class E>
    requires(std::is_arithmetic_v<N>)
constexpr auto operator*(Var<Ctx, T, E> x, N factor) { return factor * x; }

/// 1 / (1 + e^-x).
template <class Ctx, class T, class E>
constexpr auto sigmoid(Var<Ctx, T, E> value) {
    auto const x = checked_numbers(value);
    using Sigmoid = kernels::Sigmoid<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<typename Ctx::scalar>(x.extents);
    index const n = y.extents.size();
    x.ctx->run([&] { Sigmoid::forward(x.ctx->policy(), n, x.data, y.data); });
    x.ctx->record(
        [=] {
            Sigmoid::backward(x.ctx->policy(), n, y.data, y.gradient.numbers(), x.gradient.sum());
        },
        y);
    return y;
}

/// max(x, 0); its gradient is 0 where it is 0.
template <class Ctx, class T, class E>
constexpr auto relu(Var<Ctx, T, E> value) {
    auto const x = checked_numbers(value);
    using Relu = kernels::Relu<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<typename Ctx::scalar>(x.extents);
    index const n = y.extents.size();
    y.gradient.need_only_where_active();
    x.ctx->run([&] { Relu::forward(x.ctx->policy(), n, x.data, y.data); });
    x.ctx->record(
        [=] { Relu::backward(x.ctx->policy(), n, y.data, y.gradient.numbers(), x.gradient.sum()); },
        y);
    return y;
}

/// max(x, 0)^2. Its derivative 2 max(x, 0) is 0 where it is 0, so its gradient is not needed there;
/// nor is it asked for where a square is 0 because its type has nothing smaller.
template <class Ctx, class T, class E>
constexpr auto relu2(Var<Ctx, T, E> value) {
    auto const x = checked_numbers(value);
    using Relu2 = kernels::Relu2<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<typename Ctx::scalar>(x.extents);
    index const n = y.extents.size();
    y.gradient.need_only_where_active();
    x.ctx->run([&] { Relu2::forward(x.ctx->policy(), n, x.data, y.data); });
    x.ctx->record(
        [=] {
            Relu2::backward(x.ctx->policy(), n, x.data, y.gradient.numbers(), x.gradient.sum());
        },
        y);
    return y;
}

/// sigmoid(r) x: x as far as r lets it through.
template <class Ctx, class T, class E, class U, class F>
constexpr auto gate(Var<Ctx, T, E> opening, Var<Ctx, U, F> value) {
    auto const r = checked_numbers(opening);
    auto const x = checked_numbers(value);
    auto const shape = common_shape("gate", r, x);
    using Gate = kernels::Gate<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<typename Ctx::scalar>(shape);
    index const n = y.extents.size();
    x.ctx->run([&] { Gate::forward(x.ctx->policy(), n, r.data, x.data, y.data); });
    x.ctx->record(
        [=] {
            auto const dr = r.gradient.sum();
            auto const dx = x.gradient.sum();
            Gate::backward(x.ctx->policy(), n, r.data, x.data, y.gradient.numbers(), dr, dx);
        },
        y);
    return y;
}

/// Sets elements to zero with probability p and scales the others by 1 / (1 - p) (Srivastava et
/// al., JMLR 15, 2014); only where a gradient is recorded. Elsewhere, and for p = 0, it is x
/// itself. Throws Error unless 0 <= p < 1.
template <class Ctx, class T, class E>
constexpr auto dropout(Var<Ctx, T, E> value, double p) {
    auto const x = checked_numbers(value);
    if (!(p >= 0 && p < 1)) {
        fail("dropout", "the rate must be at least 0 and below 1, found " + std::to_string(p));
    }
    if constexpr (Ctx::records) {
        if (p > 0) {
            using Dropout = kernels::Dropout<decltype(x.ctx->policy())>;
            auto y = x.ctx->template make<typename Ctx::scalar>(x.extents);
            index const n = y.extents.size();
            auto const key = x.ctx->draw();
            x.ctx->run([&] { Dropout::forward(x.ctx->policy(), n, p, key, x.data, y.data); });
            x.ctx->record(
                [=] {
                    Dropout::backward(x.ctx->policy(), n, p, key, y.gradient.numbers(),
                                      x.gradient.numbers());
                },
                y);
            return y;
        }
    }
    return x;
}

}  // namespace spikelet
