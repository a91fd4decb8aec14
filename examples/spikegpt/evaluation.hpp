// SPDX-License-Identifier: MIT
// How well a model predicts a text.
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <optional>
#include <vector>

#include <spikelet/io/corpus.hpp>
#include <spikelet/train/firing_rates.hpp>
#include <spikelet/train/input_density.hpp>

#include "block_name.hpp"
#include "processor.hpp"

namespace spikegpt {

/// Nats as bits.
inline double bits(double nats) { return nats / std::numbers::ln2; }

/// The share of a model's neurons that fired, nothing if it has none.
inline std::optional<double> neuron_rate(sk::FiringRates const& rates) {
    sk::FiringRates::Site all;
    for (auto const& site : rates.sites()) {
        if (!has_neurons(site.name)) { continue; }
        all.spikes += site.spikes;
        all.chances += site.chances;
    }
    return all.chances == 0 ? std::nullopt : std::optional(all.rate());
}

/// What predicting a number of ids cost.
struct Measurement {
    sk::index tokens = 0;
    double nats = 0.0;

    [[nodiscard]] double nats_per_token() const { return nats / static_cast<double>(tokens); }
    [[nodiscard]] double bits_per_token() const { return bits(nats_per_token()); }
    [[nodiscard]] double perplexity() const { return std::exp(nats_per_token()); }
};

/// How a text is cut into windows that start at rest: every `stride` ids begins one of `ctx` ids,
/// and each id is counted in the first window that predicts it. With stride = ctx every id is read
/// once; a smaller stride gives each prediction more context, at more cost.
struct Windows {
    sk::index ctx = 128;
    sk::index stride = 128;
    sk::index batch = 16;  ///< windows computed at a time
    sk::index limit = 0;   ///< predict only this many ids from the start; 0: all
};

/// Throws Error that begins with `where` if nothing of the text can be predicted.
void check_predictable(std::string_view where, sk::Corpus const& text);

/// Hears how many of all ids are predicted.
using Watch = std::function<void(sk::index done, sk::index all)>;

/// Measures one model on any texts, and counts meanwhile how many neurons fire, and how much of
/// their inputs matrices read.
class Evaluator {
public:
    /// Of any model that engines predict with. It must outlive the evaluator and stay where it is.
    template <class Model>
    Evaluator(Computer const& computer, Model const& model, sk::ForwardOptions options = {})
        : predictor_(computer.engine().predictor(model, options, computer.threads)),
          counts_(model) {
        predictor_->observe(&counts_);
    }
    Evaluator(Evaluator const&) = delete;  // the predictor knows the counts' address
    Evaluator& operator=(Evaluator const&) = delete;

    /// Predicts each id from its window. Throws Error if the text has fewer than two ids.
    Measurement in_windows(sk::Corpus const& text, Windows const& how, Watch const& watch = {});

    /// Predicts each id from all before it, in one pass of `chunk` ids at a time that carries the
    /// state along; needs ForwardOptions::carry_state. Throws Error if the text has fewer than two.
    Measurement in_one_stream(sk::Corpus const& text, sk::index chunk, Watch const& watch = {});

    /// Spikes of the last measurement.
    [[nodiscard]] sk::FiringRates const& rates() const { return counts_.rates; }
    /// What matrices read in the last measurement.
    [[nodiscard]] sk::InputDensity const& density() const { return counts_.density; }

private:
    struct Counts final : sk::Observer {
        template <class Model>
        explicit Counts(Model const& model) : rates(model),
                                              density(model) {}
        void see(sk::Tap const& tap) override {
            rates.see(tap);
            density.see(tap);
        }
        void reset() {
            rates.reset();
            density.reset();
        }

        sk::FiringRates rates;
        sk::InputDensity density;
    };
    struct Window {
        sk::index first;
        sk::index length;
        sk::index counted;  // the last ones
    };
    static std::vector<Window> cut(sk::index predictable, Windows const& how);
    double nats_of(sk::Corpus const& text, std::span<Window const> windows);

    std::unique_ptr<Predictor> predictor_;
    Counts counts_;
    sk::Batch batch_;
};

}  // namespace spikegpt
