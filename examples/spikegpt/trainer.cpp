// SPDX-License-Identifier: MIT
#include "trainer.hpp"

#include <cmath>

#include <fmt/core.h>

#include "output.hpp"
#include "stop.hpp"

namespace spikegpt {

Trainer::Trainer(TrainingRun& run)
    : run_(run),
      course_(options()),
      rows_(run.corpora.train, options().batch, options().ctx, sk::Rng(at().batches)),
      rates_(run.language.net),
      evaluator_(run.computer, run.language.net),
      metrics_(run.folder.metrics(), at().step),
      synapses_(sk::event_synapses(run.language.net)),
      start_(at()),
      saved_step_(at().step) {
    run_.learner->observe(&rates_);
}

void Trainer::learn() {
    Stopwatch const watch;
    bool saved = false;
    make_up_for_validation();
    while (course_.goes_on(at()) && stop_signal() == 0) {
        StepReport report = make_step();
        at().seconds = start_.seconds + watch.seconds();

        bool const last = !course_.goes_on(at());
        auto const is_due = [&](sk::index every) { return last || at().step % every == 0; };
        bool const validates = run_.corpora.valid && is_due(options().eval_every);
        if (validates) { validate(report); }
        if (validates || is_due(options().log_every)) { metrics_.add(at(), report, rates_); }
        last_report_ = report;
        saved = is_due(options().save_every) || stop_signal() != 0;
        if (saved) { save(); }
        if (last || progress_.due()) { show(report); }
    }
    // Where no step was left, too: a run that was killed in its last save may lack its model.
    if (!saved) { save(); }
    progress_.end();
}

// The learning rate and the batches are functions of the position, so that a run which was stopped
// here continues as if it had not been.
StepReport Trainer::make_step() {
    Stopwatch const watch;
    rates_.reset();
    validated_.reset();
    at().validation_due = false;
    StepReport report;
    report.learning_rate = course_.learning_rate(at());
    run_.learner->set_event_price(event_price());
    report.loss = accumulate_gradients();
    report.gradient_norm = run_.learner->step(report.learning_rate);
    ++at().step;
    at().tokens += course_.tokens_per_step();
    check_finite(report);
    smooth_loss_ += (report.loss - smooth_loss_) / std::min(20.0, made_steps());
    report.tokens_per_second = static_cast<double>(course_.tokens_per_step()) / watch.seconds();
    return report;
}

double Trainer::event_price() const {
    return synapses_ == 0 ? 0.0 : course_.event_cost(at()) / synapses_;
}

double Trainer::accumulate_gradients() {
    auto const share = 1.0f / static_cast<float>(options().accumulate);
    double sum = 0.0;
    for (sk::index part = 0; part < options().accumulate; ++part) {
        sk::index const number = course_.first_batch(at()) + part;
        next_batch(number);
        sum += run_.learner->learn(batch_.input, batch_.target, number, share);
    }
    return sum * static_cast<double>(share);
}

void Trainer::next_batch(sk::index number) {
    if (options().carry_state) {
        bool const goes_on = rows_.read(number, batch_);
        if (!goes_on) { run_.learner->restore({}); }
        return;
    }
    sk::Rng random(at().batches);
    run_.corpora.train.batch(options().batch, options().ctx, random, batch_);
    at().batches = random.state();
}

void Trainer::check_finite(StepReport const& report) const {
    if (std::isfinite(report.loss) && std::isfinite(report.gradient_norm)) { return; }
    std::string const tensor = run_.learner->find_not_finite();
    sk::fail("train",
             fmt::format("step {}: loss {}, gradient norm {}{}; a smaller --lr may help; the last "
                         "checkpoint is that of step {}",
                         at().step, report.loss, report.gradient_norm,
                         tensor.empty() ? "" : ", not finite first in " + tensor, saved_step_));
}

// On a long text this takes minutes, which whoever asks to stop may not have.
void Trainer::validate(StepReport& report) {
    Windows const windows{.ctx = options().ctx,
                          .stride = options().ctx,
                          .batch = options().batch,
                          .limit = options().eval_tokens};
    auto const until_stopped = [](sk::index, sk::index) {
        if (stop_signal() != 0) { throw Stopped{}; }
    };
    at().validation_due = true;
    try {
        validated_ =
            evaluator_.in_windows(*run_.corpora.valid, windows, until_stopped).bits_per_token();
    } catch (Stopped const&) { return; }
    at().validation_due = false;
    report.valid_bpc = valid_bpc_ = validated_;
    report.valid_density = valid_density_ = evaluator_.density().mean();
    if (std::isfinite(*validated_) && *validated_ < run_.best_valid.value_or(HUGE_VAL)) {
        run_.save_best(*validated_);
    }
}

void Trainer::make_up_for_validation() {
    if (!at().validation_due || !run_.corpora.valid) { return; }
    StepReport report;
    validate(report);
    if (report.valid_bpc) { metrics_.add_validation(at(), report); }
}

void Trainer::save() {
    metrics_.sync();
    run_.save();
    saved_step_ = at().step;
}

void Trainer::show(StepReport const& report) {
    double const per_step = (at().seconds - start_.seconds) / made_steps();
    double const speed = static_cast<double>(course_.tokens_per_step()) / per_step;
    std::string const all = options().steps > 0 ? fmt::format("/{}", options().steps) : "";
    std::vector<ProgressField> fields{
        {fmt::format("step {}{}", at().step, all), 1},
        {fmt::format("loss {:.2f}", smooth_loss_), 6},
        {fmt::format("{} {:.3f}", run_.language.bits_unit(), bits(smooth_loss_)), 2}};
    if (valid_bpc_) { fields.push_back({fmt::format("valid {:.3f}", *valid_bpc_), 3}); }
    fields.push_back({short_count_text(speed) + " tok/s", 4});
    fields.push_back({fmt::format("lr {:.2g}", report.learning_rate), 7});
    if (auto const rate = neuron_rate(rates_)) {
        fields.push_back({fmt::format("firing {:.2g}%", 100 * *rate), 5});
    }
    if (valid_density_ && run_.language.net.config.spikes.inputs != sk::Inputs::numbers) {
        fields.push_back({fmt::format("density {:.2g}%", 100 * *valid_density_), 5});
    }
    double const left = course_.seconds_left(at(), per_step);
    fields.push_back({"ETA " + short_duration_text(left), 0});
    progress_.show(std::move(fields));
}

}  // namespace spikegpt
