// SPDX-License-Identifier: MIT
#include "classify_training.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include <spikelet/io/bpe_trainer.hpp>
#include <spikelet/io/vocabulary_file.hpp>
#include <spikelet/models/spikegpt_init.hpp>

#include "layer_rates.hpp"
#include "output.hpp"
#include "seeds.hpp"
#include "stop.hpp"

namespace spikegpt {

namespace {

constexpr double warmup_share = 0.05;  // of all steps

sk::Vocabulary learned_vocabulary(LabelledTexts const& lines, sk::index merges) {
    sk::BpeTrainer trainer;
    for (std::string_view const text : lines.texts()) { trainer.add(" " + std::string(text)); }
    while (trainer.merges() < merges && trainer.learn()) {}
    return sk::Vocabulary::of_tokens(std::make_shared<sk::ByteBpe>(trainer.model()));
}

// Of the texts as they are read, each with a space in front: neither of labels nor of line ends.
sk::Vocabulary characters_of(LabelledTexts const& lines) {
    lines.check_utf8();
    std::string all;
    for (std::string_view const text : lines.texts()) { all.append(" ").append(text); }
    return sk::Vocabulary::characters_of(sk::Text::of_string(std::move(all), lines.path()));
}

sk::Vocabulary vocabulary_for(ClassifyOptions const& options, LabelledTexts const& lines) {
    if (options.vocab.empty()) { return learned_vocabulary(lines, options.bpe_merges); }
    if (options.vocab == "byte") { return sk::Vocabulary::bytes(); }
    if (options.vocab == "char") { return characters_of(lines); }
    return sk::load_vocabulary(options.vocab);
}

sk::SpikeGptConfig config_for(ClassifyOptions const& options, sk::index vocabulary) {
    auto config = sk::make_config(sk::find_variant(options.variant), vocabulary, options.layers,
                                  options.embd);
    config.spikes.binary_embedding = options.binary_embedding == "on";
    config.dropout = options.dropout;
    return config;
}

void set_dropout(sk::SpikeGpt<>& body, double rate) {
    body.config.dropout = rate;
    for (auto& block : body.blocks) { block.dropout_rate = rate; }
}

std::vector<std::string> classes_of(LabelledTexts const& lines) {
    auto labels = lines.labels();
    if (labels.size() < 2) {
        sk::fail(sk::quote(lines.path()), "all texts have one label; there must be two at least");
    }
    if (std::ssize(labels) > sk::ClassifyHeadSizes::most_classes) {
        sk::fail(sk::quote(lines.path()),
                 fmt::format("lines label<TAB>text have {} different labels, of which a "
                             "classifier tells {} apart at most",
                             labels.size(), sk::ClassifyHeadSizes::most_classes));
    }
    return labels;
}

ClassifierModel new_model(ClassifyOptions const& options, LabelledTexts const& lines) {
    auto labels = classes_of(lines);
    sk::ClassifyHeadSizes const head{
        .hidden = options.hidden, .classes = std::ssize(labels), .dropout = options.dropout};
    sk::Rng weights = sk::Rng(static_cast<std::uint64_t>(options.seed)).split(initial_weights);
    if (!options.init_from.path.empty()) {
        LanguageModel language = load_model(options.init_from);
        set_dropout(language.net, options.dropout);
        Classifier net(std::move(language.net), head);
        net.init_head(weights);
        return {std::move(language.vocabulary), std::move(labels), options.ctx, std::move(net)};
    }
    auto vocabulary = vocabulary_for(options, lines);
    Classifier net(config_for(options, vocabulary.size()), head);
    net.init(sk::find_initialisation(options.init), weights);
    return {std::move(vocabulary), std::move(labels), options.ctx, std::move(net)};
}

LearnerOptions learner_options(ClassifyOptions const& options, sk::index layers) {
    return {.tape = {.seed = static_cast<std::uint64_t>(options.seed)},
            .adam = {.learning_rate = options.lr,
                     .beta2 = 0.99,
                     .epsilon = 1e-8,
                     .clip_norm = 1.0,
                     .decoupled = true,
                     .group = decayed_by_layer(sk::decay_matrices(options.weight_decay),
                                               options.layer_lr_decay, layers)}};
}

std::unique_ptr<ClassifierLearner> learner_for(ClassifyOptions const& options,
                                               Computer const& computer, Classifier& net) {
    sk::index const layers = net.body.config.layers;
    if (options.freeze) { freeze_first(net, *options.freeze, layers); }
    return computer.engine().learner(net, learner_options(options, layers), computer.threads);
}

bool is_better(Verdict const& now, std::optional<Verdict> const& best) {
    if (!best) { return true; }
    double const gain = now.confusion.accuracy() - best->confusion.accuracy();
    return gain > 0 || (gain == 0 && now.nats < best->nats);
}

}  // namespace

Examples::Examples(LabelledTexts const& lines, ClassifierModel const& model)
    : labels(lines.numbers_of_labels(model.labels)) {
    TextReader reader(model.vocabulary, model.ctx);
    for (std::string_view const text : lines.texts()) { texts.push_back(reader.read(text)); }
    cut = reader.cut();
}

Verdict judge(Encoder& encoder, ClassifierModel const& model, Examples const& examples,
              sk::index batch) {
    Verdict verdict{Confusion(model.labels)};
    PaddedTexts padded;
    std::size_t const classes = model.labels.size();
    for (TextBatch const& now : batches_by_length(examples.texts, batch)) {
        pad(examples.texts, now, padded);
        auto const logits = encoder.encode(padded);
        for (std::size_t b = 0; b < now.size(); ++b) {
            auto const shares = probabilities(logits.subspan(b * classes, classes));
            auto const said = std::ranges::max_element(shares) - shares.begin();
            std::int32_t const truth = examples.labels[now[b]];
            verdict.confusion.add(truth, static_cast<std::int32_t>(said));
            verdict.nats -= std::log(std::max(shares[static_cast<std::size_t>(truth)], 1e-300));
        }
    }
    verdict.nats /= static_cast<double>(examples.texts.size());
    return verdict;
}

ClassifyTraining::ClassifyTraining(ClassifyOptions const& options)
    : options_(options),
      train_lines_(options.data),
      valid_lines_(options.valid),
      model_(new_model(options, train_lines_)),
      train_(train_lines_, model_),
      valid_(valid_lines_, model_),
      computer_(choose_computer(options.cpu, options.threads)),
      learner_(learner_for(options, computer_, model_.net)),
      encoder_(computer_.engine().encoder(model_.net, computer_.threads)),
      batches_(sk::Rng(static_cast<std::uint64_t>(options.seed)).split(choice_of_batches)) {
    sk::index const per_epoch = (std::ssize(train_.texts) + options.batch - 1) / options.batch;
    schedule_.peak = options.lr;
    schedule_.final = 0.05 * options.lr;
    schedule_.total = static_cast<double>(options.epochs * per_epoch);
    schedule_.warmup = std::floor(warmup_share * schedule_.total);
}

void ClassifyTraining::learn() {
    while (epoch_ < options_.epochs && epoch_ - best_epoch_ < options_.patience) {
        if (!learn_epoch()) { break; }
        ++epoch_;
        validate();
    }
    progress_.end();
}

// False if somebody asked to stop.
bool ClassifyTraining::learn_epoch() {
    auto const batches = shuffled_batches(train_.texts, options_.batch, batches_);
    for (std::size_t i = 0; i < batches.size(); ++i) {
        if (stop_signal() != 0) { return false; }
        learn_batch(batches[i]);
        if (progress_.due()) { show(i + 1, batches.size()); }
    }
    return true;
}

void ClassifyTraining::learn_batch(TextBatch const& batch) {
    pad(train_.texts, batch, padded_, options_.word_dropout, &batches_);
    std::vector<std::int32_t> labels;
    for (std::size_t const number : batch) { labels.push_back(train_.labels[number]); }
    double const loss = learner_->learn(padded_, labels, step_);
    double const norm = learner_->step(schedule_.at(static_cast<double>(step_)));
    ++step_;
    if (!std::isfinite(loss) || !std::isfinite(norm)) {
        std::string const tensor = learner_->find_not_finite();
        sk::fail("classify", fmt::format("step {}: loss {}, gradient norm {}{}; a smaller --lr may "
                                         "help",
                                         step_, loss, norm,
                                         tensor.empty() ? "" : ", not finite first in " + tensor));
    }
    smooth_loss_ += (loss - smooth_loss_) / std::min(50.0, static_cast<double>(step_));
}

void ClassifyTraining::validate() {
    last_ = judge(*encoder_, model_, valid_, options_.batch);
    if (is_better(*last_, best_)) {
        best_ = last_;
        best_epoch_ = epoch_;
        save_classifier(options_.out, model_, {{"epoch", std::to_string(epoch_)}});
    }
}

void ClassifyTraining::show(std::size_t done, std::size_t all) {
    double const part = static_cast<double>(done) / static_cast<double>(all);
    double const epochs = static_cast<double>(epoch_) + part;
    double const left = (static_cast<double>(options_.epochs) - epochs) * seconds() / epochs;
    std::vector<ProgressField> fields{{fmt::format("epoch {:.1f}/{}", epochs, options_.epochs), 1},
                                      {fmt::format("loss {:.3f}", smooth_loss_), 2}};
    if (last_) {
        fields.push_back({fmt::format("valid {:.4f}", last_->confusion.accuracy()), 3});
        fields.push_back(
            {fmt::format("best {:.4f} in {}", best_->confusion.accuracy(), best_epoch_), 4});
    }
    fields.push_back({"at most " + short_duration_text(left), 5});
    progress_.show(std::move(fields));
}

}  // namespace spikegpt
