// SPDX-License-Identifier: MIT
// run_model for one type of numbers; included by the two files that compile it.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_rescale.hpp>
#include <spikelet/ops/cross_entropy.hpp>

#include "conformance/model_files.hpp"
#include "conformance/model_run.hpp"
#include "conformance/state_names.hpp"
#include "conformance/trace.hpp"

namespace conformance {

template <class T>
class Runner {
    using Policy = spikelet::OpenMp<>;
    using Model = spikelet::SpikeGpt<spikelet::dyn, spikelet::dyn, spikelet::dyn, spikelet::dyn,
                                     spikelet::Arctan, T>;
    using Tape = spikelet::Tape<Policy, T>;
    using Session = spikelet::Session<Model, Policy, T, spikelet::at_run_time>;

    // Logits, loss and gradients of one pass.
    struct Pass {
        std::vector<T> logits;
        std::vector<T> gradients;
        double loss;
        double event_cost;
    };

public:
    explicit Runner(ModelTask const& task)
        : task_(task),
          policy_{.threads = task.threads},
          model_(task.config) {
        spikelet::load_checkpoint(*task.weights, model_);
        spikelet::allocate(model_, true);
    }

    ModelRun run() {
        forward_and_gradients();
        stream();
        generate();
        train();
        return std::move(run_);
    }

private:
    static Array array(std::vector<index> shape, std::span<T const> values) {
        return {std::move(shape), {values.begin(), values.end()}};
    }

    // The price of an event, where the task says what full activity costs.
    [[nodiscard]] double price(double event_cost) const {
        return event_cost == 0 ? 0 : event_cost / spikelet::event_synapses(model_);
    }

    Pass pass(Policy policy, spikelet::TapeOptions options, bool l2_wrap, double event_cost,
              spikelet::Observer* observer = nullptr) {
        Tape tape{policy, options};
        tape.observe(observer);
        tape.event_cost().set_price(price(event_cost));
        spikelet::zero_gradients(model_);
        auto const logits = model_(tape.begin(task_.tokens[0]));
        auto const loss = cross_entropy(logits, task_.targets[0], {.l2_wrap = l2_wrap});
        tape.backward(loss);
        Pass result{{logits.data, logits.data + logits.extents.size()},
                    {},
                    static_cast<double>(*loss.data),
                    tape.event_cost().total()};
        spikelet::each_parameter(model_, [&](std::string_view, auto const& p) {
            result.gradients.insert(result.gradients.end(), p.gradient(), p.gradient() + p.size());
        });
        return result;
    }

    // The numbers `of(parameter)` of all parameters, as files have them.
    template <class Of>
    void keep_parameters(std::string const& prefix, Arrays& to, Of of) {
        spikelet::each_file_parameter(
            model_, [&](spikelet::FileParameter const& known, auto const& p) {
                Array kept = array(known.shape, {of(p), static_cast<std::size_t>(p.size())});
                if (known.transposed) {
                    turn(p.extents()[0], p.extents()[p.extents().rank - 1], kept);
                }
                to[prefix + known.name] = std::move(kept);
            });
    }

    static void turn(index in, index out, Array& a) {
        std::vector<double> const w = a.values;
        for (index i = 0; i < in; ++i) {
            for (index o = 0; o < out; ++o) {
                a.values[static_cast<std::size_t>(o * in + i)] =
                    w[static_cast<std::size_t>(i * out + o)];
            }
        }
    }

    void identity(std::string name, std::span<T const> a, std::span<T const> b) {
        index different = std::abs(std::ssize(a) - std::ssize(b));
        for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
            different += std::memcmp(&a[i], &b[i], sizeof(T)) != 0;
        }
        run_.identities.push_back({std::move(name), different});
    }

    void forward_and_gradients() {
        static constexpr auto gradient = [](auto const& p) -> T const* { return p.gradient(); };
        double const cost = task_.event_cost;
        pass(policy_, {}, false, cost);
        keep_parameters("no_l2wrap/", run_.grads, gradient);
        pass(policy_, {}, true, 0);
        keep_parameters("no_reg/", run_.grads, gradient);
        Trace trace{model_, task_.tokens[0], run_.forward};
        Pass const kept = pass(policy_, {}, true, cost, &trace);
        keep_parameters("", run_.grads, gradient);
        run_.forward["loss"] = {{1}, {kept.loss}};
        if (cost != 0) {
            double const activity = kept.event_cost / spikelet::event_synapses(model_);
            run_.forward["reg"] = {{1}, {activity}};
            run_.forward["total"] = {{1}, {kept.loss + cost * activity}};
        }
        logits_ = kept.logits;

        Pass const recomputed = pass(policy_, {.recompute = true}, true, cost);
        identity("gradients: layers kept, recomputed", kept.gradients, recomputed.gradients);
        if (task_.threads != 1) {
            Pass const alone = pass(Policy{.threads = 1}, {}, true, cost);
            identity("logits: one thread, several", kept.logits, alone.logits);
            identity("gradients: one thread, several", kept.gradients, alone.gradients);
        }
        spikelet::Forward<Policy, T> forward{policy_};
        auto const y = model_(forward.begin(task_.tokens[0]));
        identity("logits: Tape, Forward", logits_,
                 {y.data, static_cast<std::size_t>(y.extents.size())});
    }

    // Logits [B,T,V] of a session that takes `chunk` tokens at a time.
    std::vector<T> streamed(index chunk) {
        spikelet::Tokens const& tokens = task_.tokens[0];
        Session session{model_, {.batch = tokens.batch, .chunk = chunk}, policy_};
        std::vector<T> logits(logits_.size());
        index const V = task_.config.vocabulary;
        for (index t = 0; t < tokens.time; t += chunk) {
            index const n = std::min(chunk, tokens.time - t);
            std::vector<std::int32_t> ids;
            for (index b = 0; b < tokens.batch; ++b) {
                auto const some =
                    tokens.row(b).subspan(static_cast<std::size_t>(t), static_cast<std::size_t>(n));
                ids.insert(ids.end(), some.begin(), some.end());
            }
            auto const out = session(std::span<std::int32_t const>(ids));
            for (index b = 0; b < tokens.batch; ++b) {
                std::copy_n(out.row(b * n), n * V, logits.data() + (b * tokens.time + t) * V);
            }
        }
        return logits;
    }

    void stream() {
        identity("logits: parallel, streamed", logits_, streamed(1));
        for (index const chunk : {2, 5, 7}) {
            identity("logits: parallel, in chunks of " + std::to_string(chunk), logits_,
                     streamed(chunk));
        }
        Session session{model_, {.batch = 1, .chunk = 3}, policy_};
        auto const last = session.feed(task_.tokens[0].row(0));
        auto const end = static_cast<std::size_t>(task_.tokens[0].time) * last.size();
        identity("logits: parallel, fed",
                 std::span(logits_).subspan(end - last.size(), last.size()), last);
    }

    void keep_state(Session const& session, std::string prefix) {
        StateNames<T>(task_.config, session.state(), std::move(prefix), run_.generate).name_all();
    }

    void generate() {
        Session session{model_, {.batch = 1, .chunk = 4}, policy_};
        Array tokens{{task_.generated}, {}, spikelet::Dtype::I32};
        Array rows{{task_.generated, task_.config.vocabulary}, {}};
        auto logits = session.feed(task_.prompt);
        keep_state(session, "after_prompt/");
        for (index i = 0; i < task_.generated; ++i) {
            auto const next = static_cast<std::int32_t>(
                std::max_element(logits.begin(), logits.end()) - logits.begin());
            tokens.values.push_back(next);
            rows.values.insert(rows.values.end(), logits.begin(), logits.end());
            if (i + 1 < task_.generated) { logits = session(next); }
        }
        keep_state(session, "final/");
        run_.generate["tokens"] = std::move(tokens);
        run_.generate["logits"] = std::move(rows);
        for (index const layers : task_.rescaled) { generate_rescaled(layers); }
    }

    // The logits of the released script behind each token of the prompt and of what was generated,
    // but for the last.
    void generate_rescaled(index layers) {
        Model model(task_.config);
        spikelet::load_checkpoint(*task_.weights, model);
        spikelet::rescale_as_released(model, layers);
        Session session{model, {.batch = 1, .chunk = 1}, policy_};
        std::vector<std::int32_t> tokens = task_.prompt;
        for (double const id : run_.generate["tokens"].values) {
            tokens.push_back(static_cast<std::int32_t>(id));
        }
        tokens.pop_back();
        Array rows{{std::ssize(tokens), task_.config.vocabulary}, {}};
        for (std::int32_t const id : tokens) {
            auto const logits = session(id);
            rows.values.insert(rows.values.end(), logits.begin(), logits.end());
        }
        run_.generate[std::string(rescaled_logits) + std::to_string(layers) + "/logits"] =
            std::move(rows);
    }

    void train() {
        spikelet::Adam<Policy, T> adam{model_, task_.adam, policy_};
        spikelet::zero_gradients(model_);
        Tape tape{policy_};
        tape.event_cost().set_price(price(task_.event_cost));
        auto const steps = std::ssize(task_.tokens);
        Array losses{{steps}, {}};
        Array norms{{steps}, {}};
        Array activities{{steps}, {}};
        for (std::size_t step = 0; step < task_.tokens.size(); ++step) {
            auto const logits = model_(tape.begin(task_.tokens[step]));
            auto const loss = cross_entropy(logits, task_.targets[step], {.l2_wrap = true});
            tape.backward(loss);
            losses.values.push_back(static_cast<double>(*loss.data));
            norms.values.push_back(adam.step());
            if (task_.event_cost != 0) {
                activities.values.push_back(tape.event_cost().total() /
                                            spikelet::event_synapses(model_));
            }
        }
        keep_parameters("", run_.adam, [](auto const& p) -> T const* { return p.value(); });
        run_.adam["losses"] = std::move(losses);
        run_.adam["grad_norms"] = std::move(norms);
        if (task_.event_cost != 0) { run_.adam["regs"] = std::move(activities); }
    }

    ModelTask const& task_;
    Policy policy_;
    Model model_;
    std::vector<T> logits_;
    ModelRun run_;
};

template <class T>
ModelRun run_model(ModelTask const& task) {
    return Runner<T>(task).run();
}

}  // namespace conformance
