// SPDX-License-Identifier: MIT
// What the program computes, behind interfaces that know no instruction set. Each of them has one
// implementation (isa/engine.cpp), which is compiled once for every instruction set; everything
// else in the program is compiled once, for the oldest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/core/counting.hpp>
#include <spikelet/core/tokens.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_classifier.hpp>
#include <spikelet/train/adam.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// SpikeGPT whose matrices are of a type that is known when a file is open: a model to be read.
using StoredNet =
    sk::SpikeGpt<sk::dyn, sk::dyn, sk::dyn, sk::dyn, sk::Arctan, float, sk::any_weight>;

using Classifier = sk::SpikeGptClassifier<>;

/// One stream of ids through a model, which outlives it.
class Stream {
public:
    virtual ~Stream() = default;

    /// Logits [vocabulary] after the last of any number (at least one) of ids; valid until the next
    /// call. Throws Error.
    virtual std::span<float const> feed(std::span<std::int32_t const> ids) = 0;

    /// What the next id depends on, or empty before the first id.
    [[nodiscard]] virtual std::span<float const> state() const = 0;

    /// Continues from a state() of this model. Throws Error if the size does not fit.
    virtual void restore(std::span<float const> state) = 0;

    /// Shows the model's values to `observer`, which must outlive the calls it watches.
    virtual void observe(sk::Observer* observer) = 0;
};

/// A model, which outlives it, that is asked how likely texts are.
class Predictor {
public:
    virtual ~Predictor() = default;

    /// Nats of each target [batch, time]; valid until the next call. Throws Error if sizes or ids
    /// do not fit.
    virtual std::span<double const> nats(sk::Tokens const& input, sk::Tokens const& target) = 0;

    /// Forgets the state, where one is carried from call to call.
    virtual void reset() = 0;

    /// Shows the model's values to `observer`, which must outlive the calls it watches.
    virtual void observe(sk::Observer* observer) = 0;
};

/// What a learner is made with.
struct LearnerOptions {
    sk::TapeOptions tape;
    sk::AdamOptions adam;
};

/// A model, which outlives it and stays where it is, while it learns: gradients of a batch, and
/// Adam's steps.
class Learner {
public:
    virtual ~Learner() = default;

    /// Adds `share` times the gradient of a batch's loss; returns the loss, in nats per id.
    /// `number` is that of the batch, which random numbers depend on. Throws Error.
    virtual double learn(sk::Tokens const& input, sk::Tokens const& target, std::int64_t number,
                         float share) = 0;

    /// Moves the weights by what learn() has added up since the last step; returns the norm of the
    /// gradients. With one that is not finite nothing moves.
    virtual double step(double learning_rate) = 0;

    /// The first parameter whose gradients are not finite, or were not in the last step.
    [[nodiscard]] virtual std::string find_not_finite() const = 0;

    /// Gets a parameter's name and both moments.
    using MomentVisitor =
        std::function<void(std::string_view name, std::span<float> mean, std::span<float> square)>;

    /// Visits Adam's moments, to save or restore them.
    virtual void each_moment(MomentVisitor const& visit) = 0;

    /// What an event costs from now on, per output that reads it
    /// (spikelet/autodiff/event_cost.hpp).
    virtual void set_event_price(double price) = 0;

    /// The next step is number count + 1.
    virtual void set_count(std::int64_t count) = 0;

    /// What the next batch goes on from where TapeOptions::carry_state is set, or empty at rest.
    [[nodiscard]] virtual std::span<float const> state() = 0;

    /// Goes on from a state(); an empty one is at rest.
    virtual void restore(std::span<float const> state) = 0;

    /// Shows the model's values to `observer`, which must outlive the calls it watches.
    virtual void observe(sk::Observer* observer) = 0;
};

/// Several texts: of row b of the ids the first lengths[b] are a text, what follows fills it up.
struct PaddedTexts {
    sk::Tokens ids;
    std::vector<std::int32_t> lengths;
};

/// A model, which outlives it, that makes a row of numbers of each text.
class Encoder {
public:
    virtual ~Encoder() = default;

    /// Logits [batch, classes] of a classifier, the mean of what the output matrix reads [batch, C]
    /// of a language model; valid until the next call. Throws Error if sizes or ids do not fit.
    virtual std::span<float const> encode(PaddedTexts const& texts) = 0;

    /// Shows the model's values to `observer`, which must outlive the calls it watches.
    virtual void observe(sk::Observer* observer) = 0;
};

/// A classifier, which outlives it and stays where it is, while it learns.
class ClassifierLearner {
public:
    virtual ~ClassifierLearner() = default;

    /// Adds the gradient of a batch's loss; returns the loss, in nats per text. `number` is that of
    /// the batch, which random numbers depend on. Throws Error.
    virtual double learn(PaddedTexts const& texts, std::span<std::int32_t const> labels,
                         std::int64_t number) = 0;

    /// See Learner.
    virtual double step(double learning_rate) = 0;
    [[nodiscard]] virtual std::string find_not_finite() const = 0;
};

/// Makes all of these for one instruction set. `threads` is how many they compute with.
class Engine {
public:
    /// A stream that reads up to `chunk` ids at a time.
    [[nodiscard]] virtual std::unique_ptr<Stream> stream(StoredNet const& model, sk::index chunk,
                                                         int threads) const = 0;
    [[nodiscard]] virtual std::unique_ptr<Predictor>
    predictor(StoredNet const& model, sk::ForwardOptions options, int threads) const = 0;
    [[nodiscard]] virtual std::unique_ptr<Predictor>
    predictor(sk::SpikeGpt<> const& model, sk::ForwardOptions options, int threads) const = 0;
    [[nodiscard]] virtual std::unique_ptr<Learner>
    learner(sk::SpikeGpt<>& model, LearnerOptions const& options, int threads) const = 0;
    [[nodiscard]] virtual std::unique_ptr<Encoder> encoder(StoredNet const& model,
                                                           int threads) const = 0;
    [[nodiscard]] virtual std::unique_ptr<Encoder> encoder(Classifier const& model,
                                                           int threads) const = 0;
    [[nodiscard]] virtual std::unique_ptr<ClassifierLearner>
    learner(Classifier& model, LearnerOptions const& options, int threads) const = 0;
    /// A stream that adds what its products do to `work`, which must outlive it.
    [[nodiscard]] virtual std::unique_ptr<Stream> counting_stream(StoredNet const& model,
                                                                  sk::Work& work) const = 0;

protected:
    ~Engine() = default;
};

// One for each instruction set that isa/engine.cpp is compiled for.
Engine const& engine_on_sse2();
Engine const& engine_on_avx2();
Engine const& engine_on_avx512();
Engine const& engine_on_neon();
Engine const& engine_on_any();

}  // namespace spikegpt
