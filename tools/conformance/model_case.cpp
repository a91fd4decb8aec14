// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "conformance/cases.hpp"
#include "conformance/dump.hpp"
#include "conformance/model_files.hpp"
#include "conformance/model_run.hpp"

namespace conformance {
namespace {

// The reference is float64 rounded to float32. Spikes and tokens must agree exactly. What float32
// reaches is described beside the reference values; double must agree up to their rounding, which
// is half a unit in the last place of float32, 6e-8 of an entry.
struct Tolerances {
    Tolerance loss;
    Tolerance membranes;    // and logits
    Tolerance activations;  // all other values on the way, and the state of streaming
    Tolerance gradients;
    Tolerance norms;
    double weight;  // after Adam, 1e-4 of the weights may be further away
};

constexpr Tolerances in_float{.loss = {Measure::absolute, 2e-6},
                              .membranes = {Measure::absolute, 2e-5},
                              .activations = {Measure::scaled, 2e-5},
                              .gradients = {Measure::relative, 2e-5},
                              .norms = {Measure::relative, 2e-5},
                              .weight = 1e-5};
constexpr Tolerances in_double{.loss = {Measure::scaled, 1e-7},
                               .membranes = {Measure::scaled, 1e-7},
                               .activations = {Measure::scaled, 1e-7},
                               .gradients = {Measure::relative, 1e-7},
                               .norms = {Measure::relative, 1e-7},
                               .weight = 1e-6};
constexpr double share_of_weights = 1e-4;
constexpr double infinite = std::numeric_limits<double>::infinity();

// Where weights are only summed up: sums of n weights, each off by this at most on average.
constexpr double weight_in_sums = 5e-6;

// Compares the tensors of a file one after another.
class Comparison {
public:
    Comparison(spikelet::SafetensorsFile const& file, Arrays const& ours, Report& report)
        : file_(&file),
          ours_(&ours),
          report_(&report) {}

    [[nodiscard]] std::vector<std::string> names() const { return file_->names(); }

    // Our tensor of this name, or null, which is a fault.
    [[nodiscard]] Array const* ours(std::string_view item, std::string const& name) const {
        auto const found = ours_->find(name);
        if (found != ours_->end()) { return &found->second; }
        report_->add(item, name, infinite, 0, "we do not compute it");
        return nullptr;
    }

    void compare(std::string_view item, std::string const& name, Tolerance tolerance) const {
        if (Array const* const a = ours(item, name)) {
            report_->compare(item, name, *a, read_array(*file_, name), tolerance);
        }
    }

private:
    spikelet::SafetensorsFile const* file_;
    Arrays const* ours_;
    Report* report_;
};

void compare_forward(Comparison const& files, Tolerances const& tolerances) {
    for (std::string const& name : files.names()) {
        if (name.ends_with(".s")) { files.compare("spikes", name, exact); }
    }
    for (std::string const& name : files.names()) {
        if (name.ends_with(".h")) { files.compare("membranes", name, tolerances.membranes); }
    }
    for (std::string const& name : files.names()) {
        bool const special = name.ends_with(".s") || name.ends_with(".h") || name == "logits" ||
                             name == "loss" || name == "reg" || name == "total";
        if (!special) { files.compare("values", name, tolerances.activations); }
    }
    files.compare("logits", "logits", tolerances.membranes);
    for (std::string const name : {"loss", "reg", "total"}) {
        if (std::ranges::count(files.names(), name) > 0) {
            files.compare("loss", name, tolerances.loss);
        }
    }
}

void compare_gradients(Comparison const& files, Tolerances const& tolerances) {
    for (std::string const& name : files.names()) {
        std::string const item = name.starts_with("no_l2wrap/") ? "gradients without L2Wrap"
                                 : name.starts_with("no_reg/")  ? "gradients without event cost"
                                                                : "gradients";
        files.compare(item, name, tolerances.gradients);
    }
}

// Where a gradient is nearly zero, its rounding error decides the direction of a whole step. So a
// small share of the weights may be anywhere.
void compare_trained(ModelFiles const& files, Arrays const& ours, Tolerances const& tolerances,
                     Report& report) {
    Comparison const adam(files.adam, ours, report);
    double off = 0;
    double all = 0;
    double farthest = 0;
    std::string worst = "all weights";
    for (std::string const& name : adam.names()) {
        if (!is_weight(name)) { continue; }
        Array const* const mine = adam.ours("weights after training", name);
        Array const reference = read_array(files.adam, name);
        if (mine == nullptr || mine->shape != reference.shape) {
            report.add("weights after training", name, infinite, 0, "another shape");
            continue;
        }
        for (std::size_t i = 0; i < reference.values.size(); ++i) {
            double const d = std::abs(mine->values[i] - reference.values[i]);
            off += d <= tolerances.weight ? 0 : 1;
            if (!(d <= farthest)) {
                farthest = d;
                worst = name;
            }
        }
        all += static_cast<double>(reference.values.size());
    }
    std::string const item = "weights after training, share off";
    report.add(item, worst, off / std::max(1.0, all), share_of_weights);
}

void compare_summaries(ModelFiles const& files, Arrays const& ours, Report& report) {
    Comparison const adam(files.adam, ours, report);
    for (std::string const& name : adam.names()) {
        if (!is_weight(name)) { continue; }
        Array const* const mine = adam.ours("weights after training, summed up", name);
        if (mine == nullptr) { continue; }
        auto const n = static_cast<double>(mine->values.size());
        Array const own = summary(*mine);
        auto const reference = read_array(files.adam, name).values;
        // The scale of an error of `weight_in_sums` in every weight, all of them independent.
        std::vector<double> const scale{std::sqrt(n), 2 * std::sqrt(reference[1]), 1.0,
                                        std::sqrt(n)};
        double worst = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            double const rounding = std::abs(reference[i]) * 6e-8;
            double const d = std::abs(own.values[i] - reference[i]) - rounding;
            worst = std::max(worst, d / std::max(1.0, scale[i]));
        }
        report.add("weights after training, summed up", name, worst, weight_in_sums);
    }
}

void compare_training(ModelFiles const& files, Arrays const& ours, Tolerances const& tolerances,
                      Report& report) {
    Comparison const adam(files.adam, ours, report);
    adam.compare("losses while training", "losses", tolerances.loss);
    if (std::ranges::count(adam.names(), "regs") > 0) {
        adam.compare("losses while training", "regs", tolerances.loss);
    }
    adam.compare("gradient norms while training", "grad_norms", tolerances.norms);
    if (files.has("adam")) {
        compare_trained(files, ours, tolerances, report);
    } else {
        compare_summaries(files, ours, report);
    }
}

// Row by row, since each kind of row has a scale of its own.
void compare_state(std::string const& name, Array const& ours, Array const& reference,
                   Tolerance tolerance, Report& report) {
    static constexpr std::array rows{"ffn_x", "att_x", "aa", "bb", "pp"};
    if (ours.shape != reference.shape) {
        report.compare("state", name, ours, reference, tolerance);
        return;
    }
    auto const width = static_cast<std::size_t>(reference.shape.back());
    for (std::size_t r = 0; r * width < reference.values.size(); ++r) {
        auto const row = [&](Array const& a) {
            auto const first = a.values.begin() + static_cast<index>(r * width);
            return Array{{reference.shape.back()}, {first, first + static_cast<index>(width)}};
        };
        report.compare("state", name + " " + std::to_string(r / 5) + "." + rows[r % 5], row(ours),
                       row(reference), tolerance);
    }
}

void compare_generated(ModelFiles const& files, Arrays const& ours, Tolerances const& tolerances,
                       Report& report) {
    Comparison const generate(files.generate, ours, report);
    generate.compare("generated tokens", "tokens", exact);
    generate.compare("generated logits", "logits", tolerances.membranes);
    for (std::string const& name : generate.names()) {
        if (name == "tokens" || name == "logits") { continue; }
        if (name.starts_with(rescaled_logits)) {
            generate.compare("logits of the released script", name, tolerances.membranes);
        } else if (name.ends_with("/state")) {
            if (Array const* const mine = generate.ours("state", name)) {
                compare_state(name, *mine, read_array(files.generate, name), tolerances.activations,
                              report);
            }
        } else if (name.ends_with(".v")) {
            generate.compare("membranes while generating", name, tolerances.membranes);
        } else {
            report.unchecked("generate/" + name);
        }
    }
}

// Files, and tensors of the task, that nothing has read.
void find_unread(ModelFiles const& files, Report& report) {
    for (std::string const& name : files.data.names()) {
        bool const is_read = name == "tokens" || name == "targets" || name == "prompt";
        if (!is_read) { report.unchecked("data/" + name); }
    }
    for (auto const& entry : std::filesystem::directory_iterator(files.path)) {
        std::string const name = entry.path().filename().string();
        if (name.ends_with(".safetensors") && !files.knows(name)) { report.unchecked(name); }
    }
}

void compare(ModelFiles const& files, ModelRun const& run, Tolerances const& tolerances,
             Report& report) {
    compare_forward(Comparison(files.forward, run.forward, report), tolerances);
    compare_gradients(Comparison(files.grads, run.grads, report), tolerances);
    compare_training(files, run.adam, tolerances, report);
    compare_generated(files, run.generate, tolerances, report);
    find_unread(files, report);
    for (Identity const& identity : run.identities) {
        report.add("same bits on two ways", identity.name, static_cast<double>(identity.different),
                   0.0);
    }
}

template <class T>
void check_in(ModelFiles const& files, std::string const& name, Tolerances const& tolerances,
              Options const& options, Report& report) {
    report.begin(name);
    ModelRun const run = run_model<T>(task_of(files, options));
    compare(files, run, tolerances, report);
    report.end();
    if (!options.dump.empty()) {
        dump(options.dump / name, run, spikelet::dtype_of<T>(), files.weights.metadata());
    }
}

}  // namespace

void check_model(std::filesystem::path const& folder, Options const& options, Report& report) {
    std::string const name = folder.filename().string();
    ModelFiles const files(folder);
    check_in<float>(files, name, in_float, options, report);
    if (options.with_double) {
        check_in<double>(files, name + "_double", in_double, options, report);
    }
}

}  // namespace conformance
