// SPDX-License-Identifier: MIT
// The context that remembers nothing it will not read: evaluation over whole sequences.
#pragma once

#include <algorithm>
#include <initializer_list>

#include <spikelet/autodiff/arena.hpp>
#include <spikelet/autodiff/carried_state.hpp>
#include <spikelet/autodiff/chain.hpp>
#include <spikelet/core/policy.hpp>
#include <spikelet/core/tokens.hpp>

namespace spikelet {

/// How a Forward passes from one window of tokens to the next.
struct ForwardOptions {
    /// Continue where the last pass ended, as long as the batch stays the same, instead of
    /// starting every pass at rest.
    bool carry_state = false;
};

/// Computes models over tokens [batch, time] of any size.
template <class Policy = Serial<>, class T = float>
class Forward {
public:
    using scalar = T;                       ///< numbers are of this type
    static constexpr bool records = false;  ///< there is no way back
    static constexpr bool dry = false;      ///< values are computed, not counted

    /// Takes no memory before the first pass.
    explicit Forward(Policy policy = {}, ForwardOptions options = {})
        : policy_(policy),
          options_(options) {}
    Forward(Forward const&) = delete;
    Forward& operator=(Forward const&) = delete;

    /// Starts a new pass; everything of the last pass but its state is gone. Throws Error where
    /// there are no tokens, or not as many as the shape says, or the last pass carried less than
    /// the one before.
    auto begin(Tokens const& tokens) {
        check_tokens("forward", tokens);
        begin();
        auto x = make<std::int32_t>(Extents<dyn, dyn>(tokens.batch, tokens.time));
        std::copy(tokens.ids.begin(), tokens.ids.end(), x.data);
        return x;
    }

    /// Starts a new pass over numbers of any shape, for ops without a model around them.
    template <class U, index... Es>
    auto begin(View<U const, Es...> values) {
        begin();
        auto x = make<U>(values.extents());
        std::copy_n(values.data(), units<U>(values.extents()), x.data);
        clear_unused<U>(values.extents(), x.data);  // words may have been written by hand
        return x;
    }

    /// Who computes.
    [[nodiscard]] Policy policy() const { return policy_; }
    /// Who watches, or null.
    [[nodiscard]] Observer* observer() const { return observer_; }
    /// Shows taps to `observer`, which must outlive the passes it watches; null stops it.
    void observe(Observer* observer) { observer_ = observer; }
    /// Memory held, in bytes: values, carried state, and what kernels use for themselves.
    [[nodiscard]] std::size_t bytes() const {
        return values_.bytes() + state_.bytes() + static_cast<std::size_t>(scratch_.size());
    }

    // The context's answers to ops.

    /// Room for a result, to the end of the pass.
    template <class U, class E>
    Var<Forward, U, E> make(E extents) {
        return {this, values_.take<storage_of<U>>(units<U>(extents)), nullptr, extents};
    }
    /// The same: no value has a gradient.
    template <class U, class E>
    Var<Forward, U, E> constant(E extents) {
        return make<U>(extents);
    }
    /// Whoever watches may look at what only a gradient would need otherwise.
    template <class U>
    U* keep(index n) {
        return observer_ != nullptr ? values_.take<U>(n) : nullptr;
    }
    /// State that survives to the next pass, see Tape::carry(); null where every pass starts at
    /// rest. Throws Error if the batch or the model is another than in the last pass.
    T* carry(index n, std::initializer_list<T> rest) {
        return options_.carry_state ? state_.take(n, rest) : nullptr;
    }
    /// The state that the next pass starts from, to be saved, restored and forgotten.
    [[nodiscard]] CarriedState<T>& state() { return state_; }
    /// Memory for the duration of one op.
    template <class U>
    U* scratch(index n) {
        auto const bytes = n * static_cast<index>(sizeof(U));
        if (bytes > scratch_.size()) { scratch_ = Buffer<std::byte>(bytes); }
        return reinterpret_cast<U*>(scratch_.data());
    }
    /// Computes now.
    void run(auto&& kernel) { kernel(); }
    /// Forgets what belongs to the way back.
    void record(auto&&...) {}

    /// Where values end now, for rewind().
    [[nodiscard]] Arena::Mark mark() const { return values_.mark(); }
    /// Gives back what was made since mark().
    void rewind(Arena::Mark mark) { values_.rewind(mark); }
    /// See chain(): the layers share the memory of one.
    template <class Layers, class E>
    Var<Forward, T, E> chain(Layers const& layers, Var<Forward, T, E> x) {
        return detail::chain_in_place(layers, x);
    }

private:
    void begin() {
        state_.next_pass(options_.carry_state);
        values_.reset();
    }

    Policy policy_;
    ForwardOptions options_;
    Arena values_;
    Buffer<std::byte> scratch_;
    CarriedState<T> state_;
    Observer* observer_ = nullptr;
};

}  // namespace spikelet
