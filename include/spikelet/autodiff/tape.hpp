// SPDX-License-Identifier: MIT
// The context that remembers what the gradient needs.
//
// Forward, every op leaves a closure on the tape; backward() walks them in reverse. Closures hold
// views and numbers only, live in an arena with the values, and are never destroyed, so freeing a
// step is one reset. Values and gradients have an arena each: `chain` gives the gradients of
// one layer after another the same room.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

#include <spikelet/autodiff/arena.hpp>
#include <spikelet/autodiff/chain.hpp>
#include <spikelet/core/policy.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/core/tokens.hpp>

namespace spikelet {

/// How a tape trades memory for work.
struct TapeOptions {
    /// `chain` keeps only each layer's input and computes the layer again on the way back: about a
    /// third more work, memory of one layer. The gradients have the same bits.
    bool recompute = false;
    /// Key of the random numbers (dropout); the step's number is the other half.
    std::uint64_t seed = 0;
};

/// Training over whole sequences [batch, time]; every sequence starts at rest.
template <class Policy = Serial<>, class T = float>
class Tape {
    struct Node {
        Node* previous;
        void (*run)(Node*);
    };

public:
    using scalar = T;
    static constexpr bool records = true;
    static constexpr bool dry = false;

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

    /// Starts a new pass over numbers of any shape, for ops without a model around them.
    template <class U, index... Es>
    auto begin(View<U const, Es...> values) {
        begin();
        auto x = make<U>(values.extents());
        std::copy_n(values.data(), units<U>(values.extents()), x.data);
        return x;
    }

    /// Starts a new pass without any input.
    void begin() {
        values_.reset();
        gradients_.reset();
        last_ = nullptr;
        draws_ = 0;
    }

    /// Adds to the gradients of all parameters `seed` times the derivative of loss. Throws Error
    /// for a value without a gradient.
    template <class E>
    void backward(Var<Tape, T, E> loss, T seed = T(1)) {
        check_gradient(loss);
        gradients_.zero({}, gradients_.mark());
        std::fill_n(loss.gradient, loss.extents.size(), seed);
        walk(nullptr);
    }

    /// Like backward(), from a given gradient of y. Throws Error also where it has another size.
    template <class U, class E>
    void backward(Var<Tape, U, E> y, View<T const, dyn> dy) {
        check_gradient(y);
        if (dy.size() != y.extents.size()) {
            fail("tape", "a gradient of " + std::to_string(dy.size()) +
                             " numbers is given for a value of shape " + to_string(y.extents));
        }
        gradients_.zero({}, gradients_.mark());
        std::copy_n(dy.data(), dy.size(), y.gradient);
        walk(nullptr);
    }

    /// Room for a result and its gradient.
    template <class U, class E>
    Var<Tape, U, E> make(E extents) {
        return {this, values_.take<storage_of<U>>(units<U>(extents)),
                gradients_.take<T>(extents.size()), extents};
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

    /// State that survives to the next step: none, training starts at rest.
    T* carry(index, std::initializer_list<T>) { return nullptr; }

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

    /// Computes on the way back. The closure may capture only views and numbers.
    template <class F>
    void record(F back) {
        static_assert(std::is_trivially_destructible_v<F>,
                      "record: a closure on the tape may capture only views and numbers");
        struct Step : Node {
            F back;
            Step(Node* before, F f)
                : Node{before, [](Node* n) { static_cast<Step*>(n)->back(); }},
                  back(f) {}
        };
        last_ = new (values_.take<std::byte>(sizeof(Step))) Step(last_, back);
    }

    /// A key for random numbers, different at each call of a step, the same when recomputed.
    [[nodiscard]] std::uint64_t draw() {
        auto const w = Philox::at(options_.seed, static_cast<std::uint64_t>(step_), ++draws_);
        return (static_cast<std::uint64_t>(w[0]) << 32) | w[1];
    }

    /// The step's number, which random numbers depend on; the trainer sets it.
    void set_step(std::int64_t step) { step_ = step; }

    [[nodiscard]] Policy policy() const { return policy_; }
    [[nodiscard]] Observer* observer() const { return observer_; }

    /// Shows taps to `observer`, which must outlive the passes it watches; null stops it.
    void observe(Observer* observer) { observer_ = observer; }

    /// Memory held, in bytes.
    [[nodiscard]] std::size_t bytes() const {
        return values_.bytes() + gradients_.bytes() + static_cast<std::size_t>(scratch_.size());
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
        if (y.gradient == nullptr) {
            fail("tape", "backward() starts from a value that has no gradient");
        }
    }

    void walk(Node* end) {
        for (Node* node = last_; node != end; node = node->previous) { node->run(node); }
    }

    // Both links pass over a layer that returns its input: it has no gradient of its own.

    // Values stay; gradients inside the layer share their room with those of the other layers.
    template <class E, class L>
    Var<Tape, T, E> link_kept(L const& layer, Var<Tape, T, E> x) {
        auto const start = gradients_.mark();
        Node* const before = last_;
        Var<Tape, T, E> y{this, nullptr, gradients_.take<T>(x.extents.size()), x.extents};
        auto const from = gradients_.mark();
        auto const out = layer(x);
        detail::check_link(x, out);
        if (out.data == x.data) {
            last_ = before;
            gradients_.rewind(start);
            return x;
        }
        auto const to = gradients_.mark();
        y.data = out.data;
        record([this, from, to, y, out] {
            gradients_.zero(from, to);
            std::copy_n(y.gradient, y.extents.size(), out.gradient);
        });
        gradients_.rewind(from);
        return y;
    }

    // Nothing stays but y; the layer is computed again on the way back, above everything else.
    template <class E, class L>
    Var<Tape, T, E> link_recomputed(L const& layer, Var<Tape, T, E> x) {
        auto y = make<T>(x.extents);
        auto const values = values_.mark();
        auto const gradients = gradients_.mark();
        Node* const before = last_;
        auto const first_draw = draws_;
        auto const out = layer(x);
        detail::check_link(x, out);
        values_.rewind(values);
        gradients_.rewind(gradients);
        last_ = before;
        if (out.data == x.data) { return x; }
        std::copy_n(out.data, x.extents.size(), y.data);
        record([this, x, y, first_draw, l = &layer] { back_through(*l, x, y, first_draw); });
        return y;
    }

    template <class E, class L>
    void back_through(L const& layer, Var<Tape, T, E> x, Var<Tape, T, E> y, std::uint64_t draws) {
        auto const values = values_.mark();
        auto const gradients = gradients_.mark();
        Node* const outer = std::exchange(last_, nullptr);
        Observer* const watching = std::exchange(observer_, nullptr);
        draws_ = draws;
        auto const out = layer(x);
        gradients_.zero(gradients, gradients_.mark());
        std::copy_n(y.gradient, y.extents.size(), out.gradient);
        walk(nullptr);
        observer_ = watching;
        last_ = outer;
        gradients_.rewind(gradients);
        values_.rewind(values);
    }

    Policy policy_;
    TapeOptions options_;
    Arena values_;
    Arena gradients_;
    Buffer<std::byte> scratch_;
    Node* last_ = nullptr;
    Observer* observer_ = nullptr;
    std::uint64_t draws_ = 0;
    std::int64_t step_ = 0;
};

}  // namespace spikelet
