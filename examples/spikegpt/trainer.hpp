// SPDX-License-Identifier: MIT
// The training loop.
#pragma once

#include <spikelet/train/firing_rates.hpp>

#include "evaluation.hpp"
#include "metrics.hpp"
#include "progress.hpp"
#include "rows.hpp"
#include "training_run.hpp"

namespace spikegpt {

/// Makes a model learn, one step after another, and tells about it.
class Trainer {
public:
    /// The run must outlive the trainer. Throws Error if metrics.csv cannot be written.
    explicit Trainer(TrainingRun& run);

    /// Until the end of the course, or until somebody asks to stop; saves in either case. A
    /// validation does not keep them waiting: it is made up for when the run goes on.
    /// Throws Error, for example when a loss is not finite; what was saved last stays.
    void learn();

    /// The last step that was made; nothing if there was none.
    [[nodiscard]] std::optional<StepReport> const& last_report() const { return last_report_; }

    /// Bits per id of the text to validate on, of the model as it is; nothing if they are unknown.
    [[nodiscard]] std::optional<double> const& validated() const { return validated_; }

private:
    StepReport make_step();
    [[nodiscard]] double event_price() const;
    double accumulate_gradients();
    void next_batch(sk::index number);
    void check_finite(StepReport const& report) const;
    void validate(StepReport& report);
    void make_up_for_validation();
    void save();
    void show(StepReport const& report);

    [[nodiscard]] double made_steps() const { return static_cast<double>(at().step - start_.step); }
    [[nodiscard]] TrainOptions const& options() const { return run_.record.options; }
    [[nodiscard]] Position& at() { return run_.record.at; }
    [[nodiscard]] Position const& at() const { return run_.record.at; }

    TrainingRun& run_;
    Course course_;
    Rows rows_;  // read where state is carried
    sk::FiringRates rates_;
    Evaluator evaluator_;
    Metrics metrics_;
    ProgressLine progress_;
    sk::Batch batch_;
    std::optional<StepReport> last_report_;
    std::optional<double> validated_;
    double synapses_;                  // outputs that read events, all together
    std::optional<double> valid_bpc_;  // for the progress line
    std::optional<double> valid_density_;
    double smooth_loss_ = 0.0;  // for the progress line
    Position start_;
    std::int64_t saved_step_;
};

}  // namespace spikegpt
