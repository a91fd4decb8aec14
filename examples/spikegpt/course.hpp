// SPDX-License-Identifier: MIT
// How far a run has come, how far it goes, and the learning rate on the way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <spikelet/core/rng.hpp>
#include <spikelet/train/schedule.hpp>

#include "train_options.hpp"

namespace spikegpt {

/// Where a run is: all that continuing needs beside the weights and Adam's moments.
struct Position {
    std::int64_t step = 0;  ///< at most most_steps
    std::int64_t tokens = 0;
    double seconds = 0.0;
    sk::Rng::State batches;       ///< of the stream that chooses the sequences
    bool validation_due = false;  ///< of the last step: the run was stopped meanwhile
};

/// A run of a number of steps, or of some minutes. The learning rate follows steps in the first
/// case, time in the second, and tokens where the schedule is the official one.
class Course {
public:
    /// Of complete options. Throws Error for the official schedule over minutes: it must know the
    /// number of tokens.
    explicit Course(TrainOptions const& options)
        : steps_(options.steps),
          seconds_(60 * options.minutes),
          warmup_(static_cast<double>(warmup_steps(options))),
          event_cost_(options.event_cost),
          event_ramp_(options.event_ramp),
          accumulate_(options.accumulate),
          tokens_per_step_(options.batch * options.ctx * options.accumulate) {
        schedule_.decay = sk::find_learning_rate_decay(options.schedule);
        schedule_.peak = *options.lr;
        schedule_.final = *options.lr_final;
        schedule_.warmup = in_minutes() ? 0.0 : warmup_ * unit();
        schedule_.total = in_minutes() ? seconds_ : static_cast<double>(steps_) * unit();
        if (official() && in_minutes()) {
            sk::fail("train", "the official schedule counts tokens: give --steps, not --minutes");
        }
    }

    [[nodiscard]] bool goes_on(Position const& at) const {
        return in_minutes() ? at.seconds < seconds_ : at.step < steps_;
    }

    /// Of the step that starts here.
    [[nodiscard]] double learning_rate(Position const& at) const {
        auto const step = static_cast<double>(at.step);
        if (in_minutes()) {
            return schedule_.at(at.seconds) * std::min(1.0, (step + 1) / (warmup_ + 1));
        }
        return schedule_.at(official() ? static_cast<double>(at.tokens) : step);
    }

    /// What full activity of all events costs in the step that starts here.
    [[nodiscard]] double event_cost(Position const& at) const {
        double const done = in_minutes()
                                ? at.seconds / seconds_
                                : static_cast<double>(at.step) / static_cast<double>(steps_);
        return event_cost_ * (event_ramp_ > 0 ? std::min(1.0, done / event_ramp_) : 1.0);
    }

    [[nodiscard]] double seconds_left(Position const& at, double seconds_per_step) const {
        return in_minutes() ? std::max(0.0, seconds_ - at.seconds)
                            : static_cast<double>(steps_ - at.step) * seconds_per_step;
    }

    /// The number of the first batch of the step that starts here.
    [[nodiscard]] sk::index first_batch(Position const& at) const { return at.step * accumulate_; }

    [[nodiscard]] sk::index tokens_per_step() const { return tokens_per_step_; }

private:
    [[nodiscard]] bool in_minutes() const { return steps_ == 0; }
    [[nodiscard]] bool official() const {
        return schedule_.decay == sk::LearningRateDecay::official;
    }
    [[nodiscard]] double unit() const {
        return official() ? static_cast<double>(tokens_per_step_) : 1.0;
    }

    sk::Schedule schedule_;
    std::int64_t steps_;
    double seconds_;
    double warmup_;
    double event_cost_;
    double event_ramp_;
    sk::index accumulate_;
    sk::index tokens_per_step_;
};

}  // namespace spikegpt
