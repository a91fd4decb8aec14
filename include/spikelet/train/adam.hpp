// SPDX-License-Identifier: MIT
// Adam and AdamW over all parameters of a model, with global-norm clipping.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/kernels/adam.hpp>

namespace spikelet {

/// How one parameter is treated.
struct ParameterGroup {
    double weight_decay = 0.0;
    double rate_scale = 1.0;  ///< times the learning rate; 0 leaves the parameter as it is
};

/// Chooses a group by a parameter's name and rank.
using GroupRule = std::function<ParameterGroup(std::string_view name, index rank)>;

/// Decays matrices, but neither vectors nor the embedding.
inline GroupRule decay_matrices(double weight_decay) {
    return [=](std::string_view name, index rank) {
        bool const decayed = rank >= 2 && name.find("emb") == std::string_view::npos;
        return ParameterGroup{.weight_decay = decayed ? weight_decay : 0.0};
    };
}

/// The defaults are SpikeGPT's (spec: SpikeGPT, 5).
struct AdamOptions {
    double learning_rate = 6e-4;
    double beta1 = 0.9;
    double beta2 = 0.99;
    double epsilon = 4e-9;
    double clip_norm = 0.0;  ///< scale gradients down to this norm over all parameters; 0: never
    bool decoupled = false;  ///< weight decay as in AdamW
    GroupRule group = {};    ///< no weight decay where empty
};

/// Gives every parameter of a model a gradient and moments, and moves it against its gradient.
template <class Policy = Serial<>, class T = float>
class Adam {
public:
    /// The model must stay where it is. Throws Error when memory runs out.
    template <class Model>
    explicit Adam(Model& model, AdamOptions options = {}, Policy policy = {})
        : options_(std::move(options)),
          policy_(policy) {
        each_parameter(model, [&](std::string_view name, auto& p) {
            p.allocate();
            p.require_gradient();
            auto const rank = std::remove_reference_t<decltype(p)>::extents_type::rank;
            slots_.push_back({std::string(name), p.value(), p.gradient(), p.size(),
                              options_.group ? options_.group(name, rank) : ParameterGroup{},
                              Buffer<T>(p.size()), Buffer<T>(p.size())});
            longest_ = std::max(longest_, p.size());
        });
        partial_ = Buffer<double>(Squares::blocks(longest_));
    }

    /// L2 norm of all gradients; the same bits for any number of threads.
    [[nodiscard]] double gradient_norm() {
        double sum = 0;
        for (auto const& s : slots_) {
            sum += Squares::forward(policy_, s.size, s.gradient, partial_.data());
        }
        return std::sqrt(sum);
    }

    /// Moves all parameters and sets their gradients to zero. Returns the norm of the gradients
    /// before clipping. With a norm that is not finite, nothing moves.
    double step() { return step(options_.learning_rate); }

    /// The same with another learning rate than the options'.
    double step(double learning_rate) {
        double const norm = gradient_norm();
        if (!std::isfinite(norm)) { return norm; }
        ++count_;
        double const clip = options_.clip_norm;
        double const scale = clip > 0 ? std::min(1.0, clip / (norm + 1e-6)) : 1.0;
        for (auto& s : slots_) {
            kernels::AdamStep const step{.learning_rate = learning_rate * s.group.rate_scale,
                                         .beta1 = options_.beta1,
                                         .beta2 = options_.beta2,
                                         .epsilon = options_.epsilon,
                                         .weight_decay = s.group.weight_decay,
                                         .decoupled = options_.decoupled,
                                         .scale = scale,
                                         .count = count_};
            kernels::Adam<Policy>::step(policy_, s.size, step, s.value, s.gradient, s.mean.data(),
                                        s.square.data());
        }
        return norm;
    }

    /// Steps made so far.
    [[nodiscard]] std::int64_t count() const { return count_; }
    /// For resuming: the next step is number count + 1.
    void set_count(std::int64_t count) { count_ = count; }

    /// Calls f(name, mean, square) with both moments of every parameter, to save or restore them.
    template <class F>
    void each_moment(F&& f) {
        for (auto& s : slots_) { f(std::string_view(s.name), s.mean.span(), s.square.span()); }
    }

    /// Name of the first parameter whose gradient is not finite; empty if all are.
    [[nodiscard]] std::string find_not_finite() const {
        for (auto const& s : slots_) {
            if (!std::all_of(s.gradient, s.gradient + s.size,
                             [](T g) { return std::isfinite(g); })) {
                return s.name;
            }
        }
        return {};
    }

private:
    using Squares = kernels::SumOfSquares<Policy>;

    struct Slot {
        std::string name;
        T* value;
        T* gradient;
        index size;
        ParameterGroup group;
        Buffer<T> mean;
        Buffer<T> square;
    };

    AdamOptions options_;
    Policy policy_;
    std::vector<Slot> slots_;
    Buffer<double> partial_;
    index longest_ = 0;
    std::int64_t count_ = 0;
};

/// Adam with decoupled weight decay, on matrices by default.
template <class Policy = Serial<>, class T = float>
class AdamW : public Adam<Policy, T> {
public:
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
