// SPDX-License-Identifier: MIT
// A context that computes nothing and counts: the memory a model needs to stream, known to the
// compiler where the model's sizes are in its type.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include <spikelet/autodiff/chain.hpp>
#include <spikelet/autodiff/parts.hpp>
#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/memory.hpp>
#include <spikelet/core/policy.hpp>

namespace spikelet {

/// What a Session needs for `batch` streams that take up to `chunk` tokens at a time.
struct Footprint {
    index scratch = 0;    ///< bytes for values on their way
    index workspace = 0;  ///< bytes for a kernel's own use
    index state = 0;      ///< numbers that survive from token to token
    index batch = 1;      ///< streams
    index chunk = 1;      ///< tokens of each at a time
    friend constexpr bool operator==(Footprint const&, Footprint const&) = default;
};

/// Answers a model's questions with counters. Usable in constant expressions. What kernels need for
/// themselves depends on Policy's instruction set.
template <class T = float, class Policy = Serial<>>
class DryRun {
public:
    using scalar = T;                       ///< numbers are of this type
    static constexpr bool records = false;  ///< there is no way back
    static constexpr bool dry = true;       ///< nothing is computed: values have no memory
    static constexpr bool streams = true;   ///< the pass takes a few tokens of each stream

    /// Counts a result, see Tape::make(). It has no memory.
    template <class U, class E>
    constexpr Var<DryRun, U, E> make(E extents) {
        used_ += round_up(units<U>(extents) * static_cast<index>(sizeof(storage_of<U>)));
        needs_.scratch = (std::max)(needs_.scratch, used_);
        return {this, nullptr, nullptr, extents};
    }
    /// The same, without a gradient.
    template <class U, class E>
    constexpr Var<DryRun, U, E> constant(E extents) {
        return make<U>(extents);
    }
    /// Null, since there is no way back.
    template <class U>
    constexpr U* keep(index) {
        return nullptr;
    }
    /// Counts n numbers of state for each number of `rest`; null.
    constexpr T* carry(index n, std::initializer_list<T> rest) {
        needs_.state += n * static_cast<index>(rest.size());
        return nullptr;
    }
    /// Counts memory of one op, which the next takes again; null.
    template <class U>
    constexpr U* scratch(index n) {
        needs_.workspace =
            (std::max)(needs_.workspace, round_up(n * static_cast<index>(sizeof(U))));
        return nullptr;
    }
    /// Computes nothing.
    constexpr void run(auto&&) {}
    /// Forgets what belongs to the way back.
    constexpr void record(auto&&...) {}
    /// Kernels ask it for their instruction set.
    constexpr Policy policy() const { return {}; }

    /// Bytes of values so far, for rewind().
    constexpr index mark() const { return used_; }
    /// Counts as free what was made since mark().
    constexpr void rewind(index mark) { used_ = mark; }
    /// See chain(): the layers share the memory of one.
    template <class Layers, class E>
    constexpr Var<DryRun, T, E> chain(Layers const& layers, Var<DryRun, T, E> x) {
        return detail::chain_in_place(layers, x);
    }

    /// Sizes are rounded up so that every value starts on a cache line.
    static constexpr index round_up(index bytes) {
        auto const line = static_cast<index>(alignment);
        return (bytes + line - 1) / line * line;
    }

    /// The most that was counted so far.
    [[nodiscard]] constexpr Footprint needs() const { return needs_; }

private:
    Footprint needs_;
    index used_ = 0;
};

/// The memory that streaming this model takes. Every layer's call must be constexpr.
template <std::floating_point T = float, class Policy = Serial<>, class Model>
    requires(!std::is_arithmetic_v<Model>)  // numbers are the batch and the chunk of another form
constexpr Footprint footprint(Model const& model, index batch = 1, index chunk = 1) {
    DryRun<T, Policy> run;
    using Ids = Var<DryRun<T, Policy>, std::int32_t, Extents<dyn, dyn>>;
    model(Ids{&run, nullptr, nullptr, Extents<dyn, dyn>(batch, chunk)});
    Footprint needs = run.needs();
    needs.batch = batch;
    needs.chunk = chunk;
    return needs;
}

/// The same for a model whose sizes are all in its type:
/// `Session<Model, Serial<>, float, footprint<Model>(4, 16)>` serves four streams.
template <class Model, class T = float, class Policy = Serial<>>
consteval Footprint footprint(index batch = 1, index chunk = 1) {
    return footprint<T, Policy>(Model{}, batch, chunk);
}

/// The same for a model whose configuration decides what it computes:
/// `Session<Model, Serial<>, float, footprint<Model>(config)>`.
template <class Model, class T = float, class Policy = Serial<>, ConfigurationOf<Model> C>
consteval Footprint footprint(C const& config, index batch = 1, index chunk = 1) {
    return footprint<T, Policy>(Model(config), batch, chunk);
}

}  // namespace spikelet
