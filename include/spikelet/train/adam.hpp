// SPDX-License-Identifier: MIT
// Adam and AdamW over all parameters of a model, with global-norm clipping.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/kernels/adam.hpp>

namespace spikelet {

/// How one parameter is treated.
struct ParameterGroup {
    double weight_decay = 0.0;  ///< how strongly its weights are drawn to 0
    double rate_scale = 1.0;    ///< times the learning rate; 0 leaves the parameter as it is
};

/// Chooses a group by a parameter's dotted name ("blocks.0.att.key.weight") and number of axes.
using GroupRule = std::function<ParameterGroup(std::string_view name, index rank)>;

namespace detail {

/// True if a word of the dotted name says "embedding": emb, embed or embedding, alone or as the
/// end of a word as in tok_emb.
constexpr bool names_embedding(std::string_view name) {
    while (!name.empty()) {
        std::string_view const word = name.substr(0, name.find('.'));
        name.remove_prefix((std::min)(name.size(), word.size() + 1));
        std::string_view const last = word.substr(word.rfind('_') + 1);
        if (last == "emb" || last == "embed" || last == "embedding") { return true; }
    }
    return false;
}

}  // namespace detail

/// Decays matrices (two axes or more), but neither vectors nor what is called an embedding.
inline GroupRule decay_matrices(double weight_decay) {
    return [=](std::string_view name, index rank) {
        bool const decayed = rank >= 2 && !detail::names_embedding(name);
        return ParameterGroup{.weight_decay = decayed ? weight_decay : 0.0};
    };
}

/// The defaults are those of train.py of ridgerchu/SpikeGPT, which also clips to a norm of 1.
struct AdamOptions {
    double learning_rate = 6e-4;  ///< of step() where it is given no other
    double beta1 = 0.9;           ///< of the mean of gradients, per step: 0 to below 1
    double beta2 = 0.99;          ///< of the mean of their squares, per step: 0 to below 1
    double epsilon = 4e-9;        ///< above 0, added to the root of that mean
    double clip_norm = 0.0;  ///< scale gradients down to this norm over all parameters; 0: never
    bool decoupled = false;  ///< weight decay as in AdamW
    GroupRule group = {};    ///< where empty: no weight decay; for AdamW 0.01 of matrices
};

/// Adam (Kingma & Ba, arXiv 1412.6980): gives the parameters of a model gradients and moments, and
/// moves them against their gradients. Parameters that are frozen when it is made never move;
/// parameters frozen later stay where they are until unfreeze(). One that several layers share, and
/// list, counts once, under its first name. T is the type of all weights.
template <class Policy = Serial<>, class T = float>
class Adam {
public:
    /// Gives parameters memory and gradients. The model must stay where it is. Throws Error if an
    /// option is out of range, a parameter that is not frozen is bound to constant numbers, or
    /// memory runs out.
    template <class Model>
    explicit Adam(Model& model, AdamOptions options = {}, Policy policy = {})
        : options_(std::move(options)),
          policy_(policy) {
        static_assert(Layer<Model> || IsParameter<Model>,
                      "Adam: list the model's parts with SPIKELET_PARTS");
        check_options();
        each_parameter(model, [&](std::string_view name, auto& p) {
            using P = std::remove_reference_t<decltype(p)>;
            static_assert(std::is_same_v<typename P::scalar, T>,
                          "Adam: the weights are of another type; write Adam<Policy, double>");
            p.allocate();
            if (p.frozen() || is_known(p)) { return; }
            check_writable(name, p);
            p.require_gradient();
            auto const group =
                options_.group ? options_.group(name, P::extents_type::rank) : ParameterGroup{};
            slots_.push_back(
                {std::string(name), &p, group, Buffer<T>(p.size()), Buffer<T>(p.size())});
            longest_ = (std::max)(longest_, p.size());
        });
        partial_ = Buffer<double>(Squares::blocks(longest_));
    }

    /// L2 norm of all gradients, without those of frozen parameters; the same bits for any number
    /// of threads.
    [[nodiscard]] double gradient_norm() {
        double sum = 0;
        for (Slot const& s : slots_) {
            check_slot(s);
            if (s.gradient() == nullptr) { continue; }
            sum += Squares::forward(policy_, s.mean.size(), s.gradient(), partial_.data());
        }
        return std::sqrt(sum);
    }

    /// Moves all parameters and sets their gradients to zero. Returns the norm of the gradients
    /// before clipping. With a norm that is not finite nothing moves and the step does not count,
    /// but gradients are set to zero all the same, so that the next step starts afresh; skipped()
    /// and find_not_finite() tell. Throws Error, and changes nothing, if a parameter was bound to
    /// constant numbers, replaced or changed its size meanwhile.
    double step() { return step(options_.learning_rate); }

    /// The same with another learning rate than the options'. Throws Error unless it is finite.
    double step(double learning_rate) {
        if (!std::isfinite(learning_rate)) { fail("adam", "the learning rate is not finite"); }
        double const norm = gradient_norm();
        if (!std::isfinite(norm)) {
            not_finite_ = first_not_finite();
            if (not_finite_.empty()) { not_finite_ = first_with_large_squares(); }
            ++skipped_;
            zero_gradients();
            return norm;
        }
        not_finite_.clear();
        ++count_;
        double const clip = options_.clip_norm;
        double const scale = clip > 0 ? (std::min)(1.0, clip / (norm + 1e-6)) : 1.0;
        for (Slot& s : slots_) {
            if (s.gradient() == nullptr) { continue; }
            kernels::AdamStep const step{.learning_rate = learning_rate * s.group.rate_scale,
                                         .beta1 = options_.beta1,
                                         .beta2 = options_.beta2,
                                         .epsilon = options_.epsilon,
                                         .weight_decay = s.group.weight_decay,
                                         .decoupled = options_.decoupled,
                                         .scale = scale,
                                         .count = count_};
            kernels::Adam<Policy>::step(policy_, s.mean.size(), step, s.parameter->value(),
                                        s.gradient(), s.mean.data(), s.square.data());
        }
        return norm;
    }

    /// Steps made so far, without those that moved nothing.
    [[nodiscard]] std::int64_t count() const { return count_; }
    /// Steps that moved nothing since their gradients were not finite.
    [[nodiscard]] std::int64_t skipped() const { return skipped_; }
    /// For resuming: the next step is number count + 1. Throws Error for a negative one.
    void set_count(std::int64_t count) {
        if (count < 0) { fail("adam", "there is no step " + std::to_string(count)); }
        count_ = count;
    }

    /// Calls f(name, mean, square) with both moments of every parameter, to save or restore them;
    /// not for parameters that were frozen when the optimiser was made.
    template <class F>
    void each_moment(F&& f) {
        for (auto& s : slots_) { f(std::string_view(s.name), s.mean.span(), s.square.span()); }
    }

    /// Name of the first parameter whose gradient is not finite, now or when the last step moved
    /// nothing; if all were finite then, of the first whose sum of squares was not. Empty if there
    /// is none.
    [[nodiscard]] std::string find_not_finite() const {
        std::string now = first_not_finite();
        return now.empty() ? not_finite_ : now;
    }

private:
    using Squares = kernels::SumOfSquares<Policy>;

    struct Slot {
        std::string name;
        ParameterStorage<T>* parameter;  // not its numbers, which bind() and freeze() exchange
        ParameterGroup group;
        Buffer<T> mean;
        Buffer<T> square;

        [[nodiscard]] T* gradient() const { return parameter->gradient(); }
    };

    void check_options() const {
        auto const is_share = [](double beta) { return beta >= 0 && beta < 1; };
        if (!is_share(options_.beta1) || !is_share(options_.beta2)) {
            fail("adam", "beta1 and beta2 must be from 0 to below 1");
        }
        auto const epsilon = static_cast<T>(options_.epsilon);
        if (!(epsilon > 0) || !std::isfinite(epsilon)) {
            fail("adam", "epsilon must be above 0, also rounded to the type of the weights");
        }
    }

    [[nodiscard]] bool is_known(ParameterStorage<T> const& parameter) const {
        return std::any_of(slots_.begin(), slots_.end(),
                           [&](Slot const& s) { return s.parameter == &parameter; });
    }

    static void check_writable(std::string_view name, ParameterStorage<T> const& parameter) {
        if (parameter.read_only()) {
            fail("adam",
                 quote(name) + " is bound to constant numbers; freeze() it, or bind others");
        }
    }

    static void check_slot(Slot const& s) {
        if (s.parameter->frozen()) { return; }
        if (s.gradient() == nullptr) {
            fail("adam", quote(s.name) + " was replaced since the optimiser was made");
        }
        check_writable(s.name, *s.parameter);
        if (std::ssize(s.parameter->span()) != s.mean.size()) {
            fail("adam", quote(s.name) + " has changed its size since the optimiser was made");
        }
    }

    void zero_gradients() {
        for (Slot const& s : slots_) {
            if (s.gradient() != nullptr) { std::fill_n(s.gradient(), s.mean.size(), T(0)); }
        }
    }

    [[nodiscard]] std::string first_not_finite() const {
        for (Slot const& s : slots_) {
            check_slot(s);
            T const* const g = s.gradient();
            if (g != nullptr &&
                !std::all_of(g, g + s.mean.size(), [](T x) { return std::isfinite(x); })) {
                return s.name;
            }
        }
        return {};
    }

    [[nodiscard]] std::string first_with_large_squares() {
        for (Slot const& s : slots_) {
            T const* const g = s.gradient();
            bool const finite =
                g == nullptr ||
                std::isfinite(Squares::forward(policy_, s.mean.size(), g, partial_.data()));
            if (!finite) { return s.name; }
        }
        return {};
    }

    AdamOptions options_;
    Policy policy_;
    std::vector<Slot> slots_;
    Buffer<double> partial_;
    index longest_ = 0;
    std::int64_t count_ = 0;
    std::int64_t skipped_ = 0;
    std::string not_finite_;  // of the last step, if it moved nothing
};

/// AdamW (Loshchilov & Hutter, arXiv 1711.05101): Adam with decoupled weight decay, by default
/// 0.01 on matrices as in decay_matrices().
template <class Policy = Serial<>, class T = float>
class AdamW : public Adam<Policy, T> {
public:
    /// As Adam's, with `decoupled` set.
    template <class Model>
    explicit AdamW(Model& model, AdamOptions options = {}, Policy policy = {})
        : Adam<Policy, T>(model, decoupled(std::move(options)), policy) {}

private:
    static AdamOptions decoupled(AdamOptions options) {
        options.decoupled = true;
        if (!options.group) { options.group = decay_matrices(0.01); }
        return options;
    }
};

template <class Model>
Adam(Model&) -> Adam<>;
template <class Model>
Adam(Model&, AdamOptions) -> Adam<>;
template <class Model, class Policy>
Adam(Model&, AdamOptions, Policy) -> Adam<Policy>;
template <class Model>
AdamW(Model&) -> AdamW<>;
template <class Model>
AdamW(Model&, AdamOptions) -> AdamW<>;
template <class Model, class Policy>
AdamW(Model&, AdamOptions, Policy) -> AdamW<Policy>;

}  // namespace spikelet
