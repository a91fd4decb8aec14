// SPDX-License-Identifier: MIT
//
// Tensors of random numbers and spikes, and values in contexts, for tests of ops and layers.
#pragma once

#include <vector>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/bits.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/core/tensor.hpp>

namespace spikelet::test {

/// Standard normal numbers.
template <class T, index... Es>
Tensor<T, Es...> random_tensor(Extents<Es...> extents, std::uint64_t seed) {
    Tensor<T, Es...> x(extents);
    Rng rng(seed);
    for (T& v : x.span()) { v = static_cast<T>(rng.normal()); }
    return x;
}

/// Spikes, one of three fires.
template <index... Es>
Spikes<Es...> random_spikes(Extents<Es...> extents, std::uint64_t seed) {
    Spikes<Es...> s(extents);
    Rng rng(seed);
    std::vector<int> row(static_cast<std::size_t>(extents[extents.rank - 1]));
    for (index r = 0; r < extents.rows(); ++r) {
        for (int& flag : row) { flag = rng.below(3) == 0 ? 1 : 0; }
        pack(row.data(), static_cast<index>(row.size()), s.row(r));
    }
    return s;
}

/// Spikes of kind S, one of three is active; its value is any that S has.
template <class S, index... Es>
Tensor<S, Es...> random_values(Extents<Es...> extents, std::uint64_t seed) {
    Tensor<S, Es...> s(extents);
    Rng rng(seed);
    constexpr std::uint64_t codes = std::uint64_t{1} << Element<S>::planes;
    std::vector<int> row(static_cast<std::size_t>(extents[extents.rank - 1]));
    for (index r = 0; r < extents.rows(); ++r) {
        for (int& value : row) {
            auto const any = static_cast<unsigned>(rng.below(codes));
            value = rng.below(3) == 0 ? worth<S>(any) : 0;
        }
        pack<S>(row.data(), static_cast<index>(row.size()), s.row(r));
    }
    return s;
}

/// A parameter of standard normal numbers, with a gradient.
template <class Parameter>
void fill_random(Parameter& p, std::uint64_t seed) {
    p.allocate();
    p.require_gradient();
    Rng rng(seed);
    for (auto& v : p.span()) { v = static_cast<typename Parameter::scalar>(rng.normal()); }
}

/// The numbers of a tensor as a new value of a context in the middle of a pass.
template <class Ctx, class T, index... Es>
auto place(Ctx& context, Tensor<T, Es...> const& x) {
    auto v = context.template make<T>(x.extents());
    std::copy(x.span().begin(), x.span().end(), v.data);
    return v;
}

template <class Ctx, class T, class E>
std::vector<T> values_of(Var<Ctx, T, E> x) {
    return {x.data, x.data + x.extents.size()};
}

template <class Ctx, class T, class E>
std::vector<typename Ctx::scalar> gradient_of(Var<Ctx, T, E> x) {
    auto const* const numbers = x.gradient.numbers();
    return {numbers, numbers + x.extents.size()};
}

/// The spikes of a value as packed words.
template <class Ctx, class E>
std::vector<word> words_of(Var<Ctx, bit, E> s) {
    return {s.data, s.data + units<bit>(s.extents)};
}

/// Steps [from, to) of x [batch, time, channels].
template <class T, index C>
Tensor<T, dyn, dyn, C> steps_of(Tensor<T, dyn, dyn, C> const& x, index from, index to) {
    auto const& e = x.extents();
    Tensor<T, dyn, dyn, C> part(Extents<dyn, dyn, C>(e[0], to - from, Size<C>(e[2])));
    for (index b = 0; b < e[0]; ++b) {
        std::copy_n(x.row(b * e[1] + from), (to - from) * e[2], part.row(b * (to - from)));
    }
    return part;
}

/// f(x) over x [batch, time, channels], split at every point with the state carried on, must give
/// the bits of the whole sequence; for any threads, too. f returns a value of the same shape.
template <class T, index C, class F>
bool streams_exactly(Tensor<T, dyn, dyn, C> const& x, F&& f) {
    index const time = x.extents()[1];
    auto const run = [&](auto& context, auto const& part) {
        auto const y = f(context.begin(part.view()));
        Tensor<T, dyn, dyn, C> result(part.extents());
        std::copy_n(y.data, part.size(), result.data());
        return result;
    };
    auto const same = [](auto const& a, auto const& b) {
        return std::equal(a.span().begin(), a.span().end(), b.span().begin(), b.span().end());
    };
    Forward<Serial<>, T> at_once;
    Forward<OpenMp<>, T> parallel(OpenMp<>{3});
    auto const whole = run(at_once, x);
    bool exact = same(run(parallel, x), whole);
    for (index split = 1; split < time; ++split) {
        Forward<Serial<>, T> stream({}, {.carry_state = true});
        exact = exact && same(run(stream, steps_of(x, 0, split)), steps_of(whole, 0, split));
        exact = exact && same(run(stream, steps_of(x, split, time)), steps_of(whole, split, time));
    }
    return exact;
}

}  // namespace spikelet::test
