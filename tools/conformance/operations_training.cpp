// SPDX-License-Identifier: MIT
// Loss, optimiser and learning rate, and the choice of the next token.
#include <cmath>
#include <numbers>
#include <numeric>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/kernels/cross_entropy.hpp>
#include <spikelet/models/sampling.hpp>
#include <spikelet/train/adam.hpp>
#include <spikelet/train/schedule.hpp>

#include "conformance/operation.hpp"

namespace conformance {
namespace {

constexpr Tolerance loss{Measure::scaled, 1e-6};
constexpr Tolerance weight{Measure::absolute, 1e-6};
constexpr Tolerance probability{Measure::absolute, 1e-6};
constexpr double of_doubles = 1e-12;  // of what the description has in double

double relative(double ours, double reference) {
    return std::abs(ours - reference) / std::abs(reference);
}

template <class T>
void check_cross_entropy_in(Operation const& operation) {
    using CrossEntropy = spikelet::kernels::CrossEntropy<Policy>;
    auto const n = operation.sizes("logits");
    index const rows = n.B * n.T;
    auto const logits = operation.read<T>("logits");
    auto const targets = operation.read<std::int32_t>("targets");
    std::vector<double> nats(targets.size());
    std::vector<T> log_sum(2 * targets.size());
    double const mean = CrossEntropy::forward(operation.policy, rows, n.C, logits.data(),
                                              targets.data(), nats.data(), log_sum.data());
    operation.compare("loss", "loss", std::vector<T>{static_cast<T>(mean)}, loss);
    operation.compare("loss of each token", "loss_per_token",
                      std::vector<T>(nats.begin(), nats.end()), loss);
    constexpr bool rounds = std::is_same_v<T, float>;
    auto const compare_mean = [&](char const* name, double ours) {
        operation.report.add(rounds ? "bits, perplexity" : "bits, perplexity, double", name,
                             relative(ours, operation.description.at(name).get<double>()),
                             rounds ? 1e-6 : of_doubles);
    };
    compare_mean("bpc", mean / std::numbers::ln2);
    compare_mean("ppl", std::exp(mean));

    for (bool const l2_wrap : {false, true}) {
        std::vector<T> dlogits(logits.size());
        CrossEntropy::backward(operation.policy, rows, n.C, logits.data(), targets.data(),
                               log_sum.data(), T(1), l2_wrap, dlogits.data());
        if (!l2_wrap) {
            operation.compare("gradient", "grad", dlogits, gradient);
            continue;
        }
        // The reference shares L2Wrap among equal logits of row [0,2]; nothing says who gets it.
        auto const reference = operation.read<T>("grad_l2wrap");
        auto const first = 2 * n.C;
        std::copy_n(reference.begin() + first, n.C, dlogits.begin() + first);
        operation.compare("gradient with L2Wrap", "grad_l2wrap", dlogits, gradient);
    }
}

// Two parameters.
template <class T>
struct Two {
    spikelet::BasicParameter<T, spikelet::dyn, spikelet::dyn> a;
    spikelet::BasicParameter<T, spikelet::dyn> b;
    SPIKELET_PARTS(a, b)
};

spikelet::Schedule schedule_of(nlohmann::json const& j) {
    spikelet::Schedule schedule;
    schedule.decay = spikelet::LearningRateDecay::official;
    schedule.peak = j.at("lr_init");
    schedule.final = j.at("lr_final");
    schedule.warmup = j.at("warmup_tokens");
    schedule.total = j.at("final_tokens");
    return schedule;
}

template <class T>
void check_adam_in(Operation const& operation) {
    nlohmann::json const& j = operation.description;
    spikelet::AdamOptions options;
    options.beta1 = j.at("betas").at(0);
    options.beta2 = j.at("betas").at(1);
    options.epsilon = j.at("eps");
    options.clip_norm = j.at("clip");
    Two<T> model{{operation.extent("p0/a", 0), operation.extent("p0/a", 1)},
                 {operation.extent("p0/b", 0)}};
    spikelet::Adam<Policy, T> adam{model, options, operation.policy};
    spikelet::each_parameter(model, [&](std::string_view name, auto& p) {
        operation.read("p0/" + std::string(name), p.span());
    });
    spikelet::Schedule const schedule = schedule_of(j.at("lr_schedule"));
    double const tokens_per_step = j.at("lr_schedule").at("tokens_per_step");

    int step = 0;
    for (nlohmann::json const& expected : j.at("steps")) {
        auto const number = std::to_string(step);
        auto const after = "p" + std::to_string(step + 1) + "/";
        double const rate = schedule.at(tokens_per_step * step++);
        operation.report.add("learning rates", "step " + number,
                             relative(rate, expected.at("lr").get<double>()), of_doubles);
        spikelet::each_parameter(model, [&](std::string_view name, auto& p) {
            operation.read("g" + number + "/" + std::string(name),
                           std::span<T>(p.gradient(), p.span().size()));
        });
        double const norm = adam.step(rate);
        operation.report.add(std::is_same_v<T, float> ? "gradient norms" : "gradient norms, double",
                             "step " + number,
                             relative(norm, expected.at("grad_norm").get<double>()),
                             std::is_same_v<T, float> ? 1e-6 : of_doubles);
        spikelet::each_parameter(model, [&](std::string_view name, auto& p) {
            operation.compare("weights", after + std::string(name),
                              std::vector<T>(p.span().begin(), p.span().end()), weight);
        });
    }
}

}  // namespace

void check_cross_entropy(Operation const& operation, bool with_double) {
    check_cross_entropy_in<float>(operation);
    if (with_double) { check_cross_entropy_in<double>(operation); }
}

void check_adam(Operation const& operation, bool with_double) {
    check_adam_in<float>(operation);
    if (with_double) { check_adam_in<double>(operation); }
}

void check_sampling(Operation const& operation, bool) {
    for (nlohmann::json const& j : operation.description.at("cases")) {
        auto const prefix = std::to_string(j.at("id").get<int>()) + "/";
        spikelet::SamplingOptions options;
        options.top_p = j.at("top_p");
        options.temperature = j.at("temperature");
        options.rule = spikelet::SamplingRule::official;
        auto const logits = operation.read<float>(prefix + "logits");
        auto const p = spikelet::sampling_probabilities(logits, options);
        auto const kept = std::ranges::count_if(p, [](double x) { return x > 0; });
        operation.report.add("tokens kept", prefix,
                             std::abs(static_cast<double>(kept) - j.at("kept").get<double>()), 0.0);
        operation.compare("probabilities", prefix + "probs", std::vector<float>(p.begin(), p.end()),
                          probability);
        auto weights = operation.read<double>(prefix + "unnormalised");
        double const sum = std::reduce(weights.begin(), weights.end());
        for (double& w : weights) { w /= sum; }
        operation.report.add("probabilities", prefix + "unnormalised",
                             difference(p, weights, probability.measure), probability.allowed);
    }
}

}  // namespace conformance
