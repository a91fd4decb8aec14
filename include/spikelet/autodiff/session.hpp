// SPDX-License-Identifier: MIT
// The context that remembers what the next token needs: streaming, on a desk or on a chip.
//
// With a model whose sizes are in its type all memory is inside the object and its size is known to
// the compiler; otherwise it is taken once, at construction. A session is a value: copy it to fork
// a conversation, keep `state()` to come back to it.
#pragma once

#include <array>
#include <cstring>
#include <span>

#include <spikelet/autodiff/dry_run.hpp>
#include <spikelet/core/policy.hpp>

namespace spikelet {

/// Stands for a footprint that is known only when the session is made.
inline constexpr Footprint at_run_time{.scratch = dyn};

namespace detail {

/// Stands for the footprint of a model whose sizes are known but whose call is not constexpr.
inline constexpr Footprint not_constexpr{.scratch = dyn - 1};

/// Memory of a session: arrays if the compiler knows the sizes.
template <class T, Footprint F>
struct SessionMemory {
    explicit SessionMemory(Footprint) {}
    static constexpr Footprint footprint() { return F; }

    alignas(alignment) std::array<std::byte, static_cast<std::size_t>(F.scratch)> scratch{};
    alignas(alignment) std::array<std::byte, static_cast<std::size_t>(F.workspace)> workspace{};
    std::array<T, static_cast<std::size_t>(F.state)> state{};
};

/// Memory of a session: none, for one that does not compile.
template <class T>
struct SessionMemory<T, not_constexpr> {};

/// Memory of a session: from the heap, once.
template <class T>
struct SessionMemory<T, at_run_time> {
    explicit SessionMemory(Footprint f)
        : needs(f),
          scratch(f.scratch),
          workspace(f.workspace),
          state(f.state) {}
    SessionMemory(SessionMemory const& other) : SessionMemory(other.needs) {
        std::copy_n(other.state.data(), needs.state, state.data());
    }
    SessionMemory(SessionMemory&&) = default;
    SessionMemory& operator=(SessionMemory other) {
        needs = other.needs;
        scratch = std::move(other.scratch);
        workspace = std::move(other.workspace);
        state = std::move(other.state);
        return *this;
    }
    [[nodiscard]] Footprint footprint() const { return needs; }

    Footprint needs;
    Buffer<std::byte> scratch;
    Buffer<std::byte> workspace;
    Buffer<T> state;
};

template <class Model, class T, class Policy>
concept KnownFootprint = requires {
    typename std::bool_constant<(footprint<Model, T, Policy>(), true)>;
};

template <class Model, class T, class Policy>
consteval Footprint session_footprint() {
    // Deduction tries whatever is the second argument as a policy.
    if constexpr (!CpuPolicy<Policy> || !has_static_sizes<Model>()) {
        return at_run_time;
    } else if constexpr (KnownFootprint<Model, T, Policy>) {
        return footprint<Model, T, Policy>();
    } else {
        return not_constexpr;
    }
}

}  // namespace detail

/// How many streams a session serves and how many tokens of each it takes at a time. More tokens at
/// a time read a prompt faster and need more memory; the results have the same bits.
struct SessionOptions {
    index batch = 1;  ///< streams
    index chunk = 1;  ///< tokens of each at a time
};

/// Streams tokens through a model that outlives the session.
template <class Model, class Policy = Serial<>, class T = float,
          Footprint F = detail::session_footprint<Model, T, Policy>()>
class Session {
    static_assert(F != detail::not_constexpr,
                  "session: the operator() of the model and of all its layers must be constexpr, "
                  "and so must its constructor without arguments, if it has one");

public:
    using scalar = T;                       ///< numbers are of this type
    static constexpr bool records = false;  ///< there is no way back
    static constexpr bool dry = false;      ///< values are computed, not counted
    static constexpr bool streams = true;   ///< a pass takes a few tokens of each stream

    explicit Session(Model const& model, Policy policy = {})
        : Session(model, SessionOptions{F.batch, F.chunk}, policy) {}
    /// Throws Error for no streams or no tokens at a time, if memory runs out, or if F fixes other
    /// numbers.
    Session(Model const& model, SessionOptions options, Policy policy = {})
        : model_(&model),
          policy_(policy),
          memory_(needs_of(model, options)) {}
    /// A session keeps no copy of its model: a temporary would be gone.
    Session(Model const&& model, Policy policy = {}) = delete;
    Session(Model const&& model, SessionOptions options, Policy policy = {}) = delete;

    /// Logits [vocabulary] after one token; for sessions of one stream. They stay valid until the
    /// next call.
    std::span<T const> operator()(std::int32_t token) {
        auto const logits = (*this)(std::span<std::int32_t const>(&token, 1));
        return {logits.data(), static_cast<std::size_t>(logits.extent(1))};
    }

    /// Logits [batch * n, vocabulary] after tokens [batch, n], n <= chunk. Throws Error for other
    /// numbers of tokens, and if the model is no longer the one the session was made for.
    View<T const, dyn, dyn> operator()(std::span<std::int32_t const> tokens) {
        auto const needs = memory_.footprint();
        index const n = static_cast<index>(tokens.size()) / needs.batch;
        if (n < 1 || n > needs.chunk || n * needs.batch != static_cast<index>(tokens.size())) {
            fail("session", std::to_string(tokens.size()) + " tokens given for " +
                                std::to_string(needs.batch) + " streams of 1 to " +
                                std::to_string(needs.chunk) + " tokens each");
        }
        used_ = carried_ = 0;
        using Ids = Var<Session, std::int32_t const, Extents<dyn, dyn>>;
        auto const y =
            (*model_)(Ids{this, tokens.data(), nullptr, Extents<dyn, dyn>(needs.batch, n)});
        if (carried_ != needs.state) { model_changed(); }
        at_rest_ = false;
        return {y.data, Extents<dyn, dyn>(y.extents.rows(), y.extents[y.extents.rank - 1])};
    }

    /// Logits [vocabulary] after the last of any number of tokens, none after none; for sessions of
    /// one stream. Throws Error for others.
    std::span<T const> feed(std::span<std::int32_t const> tokens) {
        if (memory_.footprint().batch != 1) {
            fail("session", "feed() is for one stream, this session serves " +
                                std::to_string(memory_.footprint().batch));
        }
        auto const chunk = static_cast<std::size_t>(memory_.footprint().chunk);
        std::span<T const> last;
        while (!tokens.empty()) {
            auto const logits = (*this)(tokens.first((std::min)(chunk, tokens.size())));
            tokens = tokens.subspan((std::min)(chunk, tokens.size()));
            last = {logits.row(logits.rows() - 1), static_cast<std::size_t>(logits.extent(1))};
        }
        return last;
    }

    /// What the next token depends on, or empty before the first token.
    [[nodiscard]] std::span<T const> state() const {
        return at_rest_ ? std::span<T const>{}
                        : std::span<T const>{memory_.state.data(), state_size()};
    }

    /// Continues from a state() of this model and batch. Throws Error if the size does not fit.
    void restore(std::span<T const> state) {
        if (state.empty()) {
            reset();
            return;
        }
        if (state.size() != state_size()) {
            fail("session", "the state has " + std::to_string(state.size()) +
                                " numbers, this model needs " + std::to_string(state_size()));
        }
        std::copy(state.begin(), state.end(), memory_.state.data());
        at_rest_ = false;
    }

    /// Forgets everything.
    void reset() { at_rest_ = true; }

    /// The memory it was made with.
    [[nodiscard]] Footprint footprint() const { return memory_.footprint(); }
    /// The model it speaks for.
    [[nodiscard]] Model const& model() const { return *model_; }

    // The context's answers to ops.

    /// Room for a result, to the end of the step. Throws Error if the model has grown.
    template <class U, class E>
    Var<Session, U, E> make(E extents) {
        auto* p = memory_.scratch.data() + used_;
        used_ += DryRun<T, Policy>::round_up(units<U>(extents) *
                                             static_cast<index>(sizeof(storage_of<U>)));
        if (used_ > memory_.footprint().scratch) { model_changed(); }
        return {this, reinterpret_cast<storage_of<U>*>(p), nullptr, extents};
    }
    /// The same: no value has a gradient.
    template <class U, class E>
    Var<Session, U, E> constant(E extents) {
        return make<U>(extents);
    }
    /// Null, since there is no way back.
    template <class U>
    U* keep(index) {
        return nullptr;
    }
    /// State of the streams, n numbers for each number of `rest`, which they are at the start.
    T* carry(index n, std::initializer_list<T> rest) {
        T* plane = memory_.state.data() + carried_;
        T* const first = plane;
        carried_ += n * static_cast<index>(rest.size());
        if (carried_ > memory_.footprint().state) { model_changed(); }
        for (T value : rest) {
            if (at_rest_) { std::fill_n(plane, n, value); }
            plane += n;
        }
        return first;
    }
    /// Memory for the duration of one op. Throws Error if the model has grown.
    template <class U>
    U* scratch(index n) {
        if (n * static_cast<index>(sizeof(U)) > memory_.footprint().workspace) { model_changed(); }
        return reinterpret_cast<U*>(memory_.workspace.data());
    }
    /// Computes now.
    void run(auto&& kernel) { kernel(); }
    /// Forgets what belongs to the way back.
    void record(auto&&...) {}
    /// Who computes.
    [[nodiscard]] Policy policy() const { return policy_; }
    /// Who watches, or null.
    [[nodiscard]] Observer* observer() const { return observer_; }
    /// Shows taps to `observer`, which must outlive the steps it watches; null stops it.
    void observe(Observer* observer) { observer_ = observer; }

    /// Bytes of values so far, for rewind().
    [[nodiscard]] index mark() const { return used_; }
    /// Gives back what was made since mark().
    void rewind(index mark) { used_ = mark; }
    /// See chain(): the layers share the memory of one.
    template <class Layers, class E>
    Var<Session, T, E> chain(Layers const& layers, Var<Session, T, E> x) {
        return detail::chain_in_place(layers, x);
    }

private:
    static Footprint needs_of(Model const& model, SessionOptions options) {
        if (options.batch < 1 || options.chunk < 1) {
            fail("session", "batch is " + std::to_string(options.batch) + " and chunk " +
                                std::to_string(options.chunk) + ", both must be at least 1");
        }
        if constexpr (F == at_run_time) {
            return spikelet::footprint<T, Policy>(model, options.batch, options.chunk);
        } else {
            if (options.batch != F.batch || options.chunk != F.chunk) {
                fail("session", "batch and chunk are part of this session's type");
            }
            // By itself the type counts with the model's defaults; values may have put more ops in.
            if (!(spikelet::footprint<T, Policy>(model, F.batch, F.chunk) == F)) {
                fail("session", "this model needs other memory than the session's type says; "
                                "footprint<Model>(config) as its fourth argument says it there, "
                                "SessionOptions take it at run time");
            }
            return F;
        }
    }

    [[noreturn]] static void model_changed() {
        fail("session", "the model has changed since the session was made; make a new one");
    }

    [[nodiscard]] std::size_t state_size() const {
        return static_cast<std::size_t>(memory_.footprint().state);
    }

    Model const* model_;
    Policy policy_;
    detail::SessionMemory<T, F> memory_;
    Observer* observer_ = nullptr;
    index used_ = 0;
    index carried_ = 0;
    bool at_rest_ = true;
};

template <class Model>
Session(Model const&) -> Session<Model>;
template <class Model, class Policy>
Session(Model const&, Policy) -> Session<Model, Policy>;
template <class Model>
Session(Model const&, SessionOptions) -> Session<Model, Serial<>, float, at_run_time>;
template <class Model, class Policy>
Session(Model const&, SessionOptions, Policy) -> Session<Model, Policy, float, at_run_time>;

}  // namespace spikelet
