// SPDX-License-Identifier: MIT
// The context that remembers what the gradient needs.
//
// Forward, every op leaves a closure on the tape; backward() walks them in reverse. Closures hold
// views and numbers only, live in an arena with the values, and are never destroyed, so freeing a
// step is one reset. Gradients live shorter: from the first addition until the op that made the
// value has read them.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

#include <spikelet/autodiff/arena.hpp>
#include <spikelet/autodiff/carried_state.hpp>
#include <spikelet/autodiff/chain.hpp>
#include <spikelet/autodiff/event_cost.hpp>
#include <spikelet/autodiff/gradient.hpp>
#include <spikelet/autodiff/tape_node.hpp>
#include <spikelet/autodiff/tape_options.hpp>
#include <spikelet/core/policy.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/core/tokens.hpp>

namespace spikelet {

/// Training over whole sequences [batch, time]; every sequence starts at rest, or where the last
/// one of its row ended (TapeOptions::carry_state).
template <class Policy = Serial<>, class T = float>
class Tape {
    using Node = detail::TapeNode;
    using Slot = detail::GradientSlot<T>;

    /// How far the tape has come.
    struct Place {
        Arena::Mark value_end, slot_end;
        Slot* slot;
        Node* node;
    };

public:
    using scalar = T;                      ///< numbers are of this type
    static constexpr bool records = true;  ///< there is a way back
    static constexpr bool dry = false;     ///< values are computed, not counted

    /// Takes no memory before the first pass.
    explicit Tape(Policy policy = {}, TapeOptions options = {})
        : policy_(policy),
          options_(options) {}
    Tape(Tape const&) = delete;
    Tape& operator=(Tape const&) = delete;

    /// Starts a new pass over tokens [batch, time]; everything of the last pass is gone. Throws
    /// Error where there are no tokens, or not as many as the shape says.
    auto begin(Tokens const& tokens) {
        check_tokens("tape", tokens);
        begin();
        auto x = constant<std::int32_t>(Extents<dyn, dyn>(tokens.batch, tokens.time));
        std::copy(tokens.ids.begin(), tokens.ids.end(), x.data);
        return x;
    }

    /// The same over numbers or spikes of any shape, for ops without a model around them.
    template <class U, index... Es>
    auto begin(View<U const, Es...> values) {
        begin();
        auto x = make<U>(values.extents());
        std::copy_n(values.data(), units<U>(values.extents()), x.data);
        clear_unused<U>(values.extents(), x.data);  // words may have been written by hand
        return x;
    }
    /// The same without any input.
    void begin() {
        state_.start_pass(options_.carry_state);
        rewind({});
        draws_ = 0;
        step_ = next_step_++;
        again_ = false;
        event_cost_.start_pass();
    }

    /// Adds to the gradients of all parameters `seed` times the derivative of loss. Throws Error
    /// for a value without a gradient.
    template <class E>
    void backward(Var<Tape, T, E> loss, T seed = T(1)) {
        check_gradient(loss);
        auto const start = [&] {
            std::fill_n(loss.gradient.sum().data, loss.extents.size(), seed);
        };
        back(static_cast<double>(seed), start);
    }

    /// Like backward(), from a given gradient of y, which is not memory of this tape. Throws Error
    /// also where it has another size.
    template <class U, class E>
    void backward(Var<Tape, U, E> y, View<T const, dyn> dy) {
        check_gradient(y);
        if (dy.size() != y.extents.size()) {
            fail("tape", "a gradient of " + std::to_string(dy.size()) +
                             " numbers is given for a value of shape " + to_string(y.extents));
        }
        back(1, [&] { std::copy_n(dy.data(), dy.size(), y.gradient.sum().data); });
    }

    /// Room for a result that has a gradient.
    template <class U, class E>
    Var<Tape, U, E> make(E extents) {
        auto* const data = values_.take<storage_of<U>>(units<U>(extents));
        last_slot_ =
            new (slots_.take<Slot>(1)) Slot{&gradients_, last_slot_, extents.size(), nullptr};
        return {this, data, Gradient<T>(last_slot_), extents};
    }

    /// Room for a value that has no gradient.
    template <class U, class E>
    Var<Tape, U, E> constant(E extents) {
        return {this, values_.take<storage_of<U>>(units<U>(extents)), nullptr, extents};
    }

    /// n units of U that only the way back reads.
    template <class U>
    U* keep(index n) {
        return values_.take<U>(n);
    }

    /// State that survives to the next pass, on which the op works now; null where every pass
    /// starts at rest. Throws Error if the batch or the model is another than in the last pass.
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
    template <class F>
    void run(F&& kernel) {
        kernel();
    }

    /// Computes on the way back. The closure may capture only views and numbers. `results` are the
    /// op's, none of which it returns to anybody else: the closure is left out where nothing was
    /// added to their gradients, which end after it. Without any it always runs.
    template <class F, class... Results>
    void record(F back, Results const&... results) {
        static_assert(std::is_trivially_destructible_v<F>,
                      "record: a closure on the tape may capture only views and numbers");
        using Step = detail::TapeStep<T, F, sizeof...(Results)>;
        auto* const place = values_.take<std::byte>(sizeof(Step));
        last_ = new (place) Step(last_, back, {results.gradient...});
    }

    /// A key for random numbers, different at each call of a step, the same when recomputed.
    [[nodiscard]] std::uint64_t draw() {
        auto const w = Philox::at(options_.seed, static_cast<std::uint64_t>(step_), ++draws_);
        return (static_cast<std::uint64_t>(w[0]) << 32) | w[1];
    }

    /// The number of the pass that begins next, which random numbers depend on. Passes count from
    /// 0; what goes on with an older training, or repeats a pass, says where.
    void set_step(std::int64_t step) { next_step_ = step; }

    /// What events cost, and their price: 0 unless it is set.
    [[nodiscard]] EventCost<T>& event_cost() { return event_cost_; }

    /// Who computes.
    [[nodiscard]] Policy policy() const { return policy_; }
    /// How dense products of float are computed.
    [[nodiscard]] Products products() const { return options_.products; }
    /// Who watches, or null.
    [[nodiscard]] Observer* observer() const { return again_ ? nullptr : observer_; }

    /// Shows taps to `observer`, which must outlive the passes it watches; null stops it.
    void observe(Observer* observer) { observer_ = observer; }

    /// Memory held, in bytes.
    [[nodiscard]] std::size_t bytes() const {
        return values_.bytes() + slots_.bytes() + gradients_.bytes() + state_.bytes() +
               static_cast<std::size_t>(scratch_.size());
    }

    /// See chain().
    template <class E, class Layers>
    Var<Tape, T, E> chain(Layers const& layers, Var<Tape, T, E> x) {
        for (auto const& layer : layers) {
            x = options_.recompute ? link_recomputed(layer, x) : link_kept(layer, x);
        }
        return x;
    }

private:
    template <class U, class E>
    static void check_gradient(Var<Tape, U, E> const& y) {
        if (!y.gradient.wanted()) {
            fail("tape", "backward() starts from a value that has no gradient");
        }
    }

    template <class Start>
    void back(double seed, Start&& start) {
        state_.end_pass();
        release(nullptr);
        event_cost_.set_seed(seed);
        gradients_.start_pass();
        start();
        walk();
        gradients_.end_pass();
    }

    void walk() {
        for (Node* node = last_; node != nullptr; node = node->previous) { node->run(node); }
    }

    [[nodiscard]] Place here() const { return {values_.mark(), slots_.mark(), last_slot_, last_}; }

    /// Gives back all that was made since.
    void rewind(Place const& place) {
        release(place.slot);
        values_.rewind(place.value_end);
        slots_.rewind(place.slot_end);
        last_slot_ = place.slot;
        last_ = place.node;
    }

    /// Ends the gradients of all values that were made after that of `end`.
    void release(Slot* end) {
        for (Slot* slot = last_slot_; slot != end; slot = slot->previous) { slot->release(); }
    }

    template <class E, class L>
    Var<Tape, T, E> link_kept(L const& layer, Var<Tape, T, E> x) {
        auto const y = layer(x);
        detail::check_link(x, y);
        return {this, y.data, y.gradient, x.extents};
    }

    // Nothing stays but y; the layer is computed again on the way back, above everything else.
    template <class E, class L>
    Var<Tape, T, E> link_recomputed(L const& layer, Var<Tape, T, E> x) {
        auto y = make<T>(x.extents);
        auto const place = here();
        auto const first_draw = draws_;
        auto const state = state_.place();
        auto const out = layer(x);
        detail::check_link(x, out);
        if (out.gradient.needed_only_where_active()) { y.gradient.need_only_where_active(); }
        rewind(place);
        if (out.data == x.data) { return x; }
        std::copy_n(out.data, x.extents.size(), y.data);
        record([=, this, l = &layer] { back_through(*l, x, y, first_draw, state); }, y);
        return y;
    }

    template <class E, class L>
    void back_through(L const& layer, Var<Tape, T, E> x, Var<Tape, T, E> y, std::uint64_t draws,
                      typename CarriedState<T>::Place state) {
        auto const place = here();
        auto const cost = event_cost_;
        last_ = nullptr;
        bool const was_again = std::exchange(again_, true);
        draws_ = draws;
        auto const all_of_state = state_.place();
        state_.go_to(state);
        auto const out = layer(x);
        [[maybe_unused]] bool const begun = out.gradient.take_over(y.gradient);
        SPIKELET_ASSERT(begun, "chain: a layer returned what others read, too");
        walk();
        again_ = was_again;
        event_cost_ = cost;
        state_.go_to(all_of_state);
        rewind(place);
    }

    Policy policy_;
    TapeOptions options_;
    Arena values_;
    Arena slots_;  // apart from values, so that looking through them is quick
    GradientPool<T> gradients_;
    Buffer<std::byte> scratch_;
    EventCost<T> event_cost_;
    CarriedState<T> state_;
    Node* last_ = nullptr;
    Slot* last_slot_ = nullptr;
    Observer* observer_ = nullptr;
    bool again_ = false;  // a layer is computed again, which shows nothing
    std::uint64_t draws_ = 0;
    std::int64_t step_ = 0;
    std::int64_t next_step_ = 0;
};

}  // namespace spikelet
