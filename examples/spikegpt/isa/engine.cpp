// SPDX-License-Identifier: MIT
// Compiled once for every instruction set; SPIKEGPT_ENGINE names the function. The policy carries
// the instruction set into the symbol of everything that computes. What else comes along (that of
// std::vector, say) has the same symbols each time, and of these the linker takes the first, which
// are those for the oldest machines. Nothing here may run before main(): nothing is chosen yet.
#include "../engine.hpp"

#include <spikelet/autodiff/session.hpp>
#include <spikelet/ops/cross_entropy.hpp>

namespace spikegpt {

namespace {

using Policy = sk::OpenMp<>;

template <class Model, class By>
class SessionStream final : public Stream {
public:
    SessionStream(Model const& model, sk::index chunk, By policy)
        : session_(model, sk::SessionOptions{.chunk = chunk}, policy) {}

    std::span<float const> feed(std::span<std::int32_t const> ids) override {
        return session_.feed(ids);
    }
    [[nodiscard]] std::span<float const> state() const override { return session_.state(); }
    void restore(std::span<float const> state) override { session_.restore(state); }
    void observe(sk::Observer* observer) override { session_.observe(observer); }

private:
    sk::Session<Model, By, float, sk::at_run_time> session_;
};

template <class Model>
class ForwardPredictor final : public Predictor {
public:
    ForwardPredictor(Model const& model, sk::ForwardOptions options, int threads)
        : model_(model),
          forward_(Policy{threads}, options) {}

    std::span<double const> nats(sk::Tokens const& input, sk::Tokens const& target) override {
        return sk::token_nats(model_(forward_.begin(input)), target);
    }
    void reset() override { forward_.state().reset(); }
    void observe(sk::Observer* observer) override { forward_.observe(observer); }

private:
    Model const& model_;
    sk::Forward<Policy> forward_;
};

template <class Model>
class TapeLearner final : public Learner {
public:
    TapeLearner(Model& model, LearnerOptions const& options, int threads)
        : model_(model),
          tape_(Policy{threads}, options.tape),
          adam_(model, options.adam, Policy{threads}) {}

    double learn(sk::Tokens const& input, sk::Tokens const& target, std::int64_t number,
                 float share) override {
        tape_.set_step(number);
        auto const logits = model_(tape_.begin(input));
        auto const loss = sk::cross_entropy(logits, target, {.l2_wrap = true});
        tape_.backward(loss, share);
        return static_cast<double>(*loss.data);
    }
    double step(double learning_rate) override { return adam_.step(learning_rate); }
    [[nodiscard]] std::string find_not_finite() const override { return adam_.find_not_finite(); }
    void each_moment(MomentVisitor const& visit) override { adam_.each_moment(visit); }
    void set_event_price(double price) override { tape_.event_cost().set_price(price); }
    void set_count(std::int64_t count) override { adam_.set_count(count); }
    [[nodiscard]] std::span<float const> state() override { return tape_.state().numbers(); }
    void restore(std::span<float const> state) override { tape_.state().restore(state); }
    void observe(sk::Observer* observer) override { tape_.observe(observer); }

private:
    Model& model_;
    sk::Tape<Policy> tape_;
    sk::Adam<Policy> adam_;
};

std::span<float const> numbers_of(auto rows) {
    return {rows.data, static_cast<std::size_t>(rows.extents.size())};
}

class MeanEncoder final : public Encoder {
public:
    MeanEncoder(StoredNet const& model, int threads) : model_(model), forward_(Policy{threads}) {}

    std::span<float const> encode(PaddedTexts const& texts) override {
        auto const hidden = model_.hidden(forward_.begin(texts.ids));
        return numbers_of(sk::mean_over_time(hidden, texts.lengths));
    }
    void observe(sk::Observer* observer) override { forward_.observe(observer); }

private:
    StoredNet const& model_;
    sk::Forward<Policy> forward_;
};

class ClassEncoder final : public Encoder {
public:
    ClassEncoder(Classifier const& model, int threads) : model_(model), forward_(Policy{threads}) {}

    std::span<float const> encode(PaddedTexts const& texts) override {
        return numbers_of(model_(forward_.begin(texts.ids), texts.lengths));
    }
    void observe(sk::Observer* observer) override { forward_.observe(observer); }

private:
    Classifier const& model_;
    sk::Forward<Policy> forward_;
};

class TapeClassifierLearner final : public ClassifierLearner {
public:
    TapeClassifierLearner(Classifier& model, LearnerOptions const& options, int threads)
        : model_(model),
          tape_(Policy{threads}, options.tape),
          adam_(model, options.adam, Policy{threads}) {}

    double learn(PaddedTexts const& texts, std::span<std::int32_t const> labels,
                 std::int64_t number) override {
        tape_.set_step(number);
        auto const logits = model_(tape_.begin(texts.ids), texts.lengths);
        sk::Tokens const target{{labels.begin(), labels.end()}, std::ssize(labels), 1};
        auto const loss = sk::cross_entropy(logits, target);
        tape_.backward(loss);
        return static_cast<double>(*loss.data);
    }
    double step(double learning_rate) override { return adam_.step(learning_rate); }
    [[nodiscard]] std::string find_not_finite() const override { return adam_.find_not_finite(); }

private:
    Classifier& model_;
    sk::Tape<Policy> tape_;
    sk::Adam<Policy> adam_;
};

class EngineHere final : public Engine {
public:
    [[nodiscard]] std::unique_ptr<Stream> stream(StoredNet const& model, sk::index chunk,
                                                 int threads) const override {
        return std::make_unique<SessionStream<StoredNet, Policy>>(model, chunk, Policy{threads});
    }
    [[nodiscard]] std::unique_ptr<Predictor>
    predictor(StoredNet const& model, sk::ForwardOptions options, int threads) const override {
        return std::make_unique<ForwardPredictor<StoredNet>>(model, options, threads);
    }
    [[nodiscard]] std::unique_ptr<Predictor>
    predictor(sk::SpikeGpt<> const& model, sk::ForwardOptions options, int threads) const override {
        return std::make_unique<ForwardPredictor<sk::SpikeGpt<>>>(model, options, threads);
    }
    [[nodiscard]] std::unique_ptr<Learner>
    learner(sk::SpikeGpt<>& model, LearnerOptions const& options, int threads) const override {
        return std::make_unique<TapeLearner<sk::SpikeGpt<>>>(model, options, threads);
    }
    [[nodiscard]] std::unique_ptr<Encoder> encoder(StoredNet const& model,
                                                   int threads) const override {
        return std::make_unique<MeanEncoder>(model, threads);
    }
    [[nodiscard]] std::unique_ptr<Encoder> encoder(Classifier const& model,
                                                   int threads) const override {
        return std::make_unique<ClassEncoder>(model, threads);
    }
    [[nodiscard]] std::unique_ptr<ClassifierLearner>
    learner(Classifier& model, LearnerOptions const& options, int threads) const override {
        return std::make_unique<TapeClassifierLearner>(model, options, threads);
    }
    [[nodiscard]] std::unique_ptr<Stream> counting_stream(StoredNet const& model,
                                                          sk::Work& work) const override {
        using CountingStream = SessionStream<StoredNet, sk::Counting<>>;
        return std::make_unique<CountingStream>(model, 1, sk::counting(work));
    }
};

}  // namespace

Engine const& SPIKEGPT_ENGINE() {
    static constexpr EngineHere engine;
    return engine;
}

}  // namespace spikegpt
