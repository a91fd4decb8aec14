// SPDX-License-Identifier: MIT
#include "train_options.hpp"

#include <algorithm>
#include <cmath>

namespace spikegpt {

namespace {

template <class T>
Json json_of(T const& value) {
    return value;
}
template <class T>
Json json_of(std::optional<T> const& value) {
    return value ? Json(*value) : Json();
}

// What JSON makes of a number beyond all bounds is undefined, so its type is looked at first.
template <class T>
bool holds(Json const& json) {
    if constexpr (std::is_same_v<T, bool>) { return json.is_boolean(); }
    if constexpr (std::is_same_v<T, sk::index>) { return json.is_number_integer(); }
    if constexpr (std::is_same_v<T, double>) { return json.is_number(); }
    if constexpr (std::is_same_v<T, std::string>) { return json.is_string(); }
    return json.is_array() && std::ranges::all_of(json, holds<std::string>);
}

template <class T>
bool read(Json const& json, T& value) {
    if (!holds<T>(json)) { return false; }
    value = json.get<T>();
    return true;
}
template <class T>
bool read(Json const& json, std::optional<T>& value) {
    if (json.is_null()) { return true; }
    T found{};
    if (!read(json, found)) { return false; }
    value = found;
    return true;
}

// What a flag would say of a value; empty if it takes it.
template <class T>
std::string complaint_of(CLI::Validator const& check, T const& value) {
    std::string text;
    if constexpr (std::is_same_v<T, std::string>) {
        text = value;
    } else if constexpr (std::is_arithmetic_v<T>) {
        text = fmt::format("{}", value);
    }
    return check(text);
}
template <class T>
std::string complaint_of(CLI::Validator const& check, std::optional<T> const& value) {
    return value ? complaint_of(check, *value) : "";
}

// Calls f(name, value) for all options.
template <class Options, class F>
void each_option(Options& options, F&& f) {
    auto const pass = [&](std::string const& name, auto& value, std::string const&,
                          CLI::Validator const&) { f(name, value); };
    each_text_option(options, pass);
    each_model_option(options, pass);
    each_learning_option(options, pass);
    each_run_option(options, pass);
}

// --size sets the options --layers and --embd, --events sets --event-cost.
bool is_given(CLI::App const& flags, std::string const& name) {
    bool const by_size = name == "layers" || name == "embd";
    return flags.count("--" + name) > 0 || (by_size && flags.count("--size") > 0) ||
           (name == "event-cost" && flags.count("--events") > 0);
}

template <class T>
void add_flag(CLI::App& flags, std::string const& name, T& value, std::string const& meaning,
              CLI::Validator const& check, std::string const& group) {
    if constexpr (std::is_same_v<T, bool>) {
        flags.add_flag("--" + name, value, meaning)->group(group);
    } else {
        auto* const flag = flags.add_option("--" + name, value, meaning)->group(group);
        flag->check(check);
        bool const has_default = !json_of(value).empty() && json_of(value) != Json(0);
        if (has_default && json_of(value) != Json("")) { flag->capture_default_str(); }
    }
}

}  // namespace

double default_learning_rate(sk::Inputs inputs, sk::index channels) {
    double const exponent = std::log(5.0) / std::log(4.0);
    double const least = std::min(1.0, std::pow(128.0 / static_cast<double>(channels), exponent));
    return (sk::reads_events(inputs) ? 2e-3 : 3e-3) * least;
}

void complete(TrainOptions& options) {
    auto const variant = sk::make_config(sk::find_variant(options.variant), 256, 1, 1);
    if (!options.threshold) { options.threshold = variant.neuron.threshold; }
    if (!options.binary_embedding) {
        options.binary_embedding = variant.spikes.binary_embedding ? "on" : "off";
    }
    if (!options.lr) { options.lr = default_learning_rate(variant.spikes.inputs, options.embd); }
    if (!options.lr_final) { options.lr_final = 0.02 * *options.lr; }
    if (!options.weight_decay) { options.weight_decay = options.optimizer == "adamw" ? 0.01 : 0.0; }
    if (options.steps == 0 && options.minutes == 0) { options.steps = default_steps; }
    if (!options.weights) { options.weights = "f32"; }
    if (!options.head_weights) { options.head_weights = options.weights; }
    if (!options.weight_group) { options.weight_group = 0; }
}

sk::index warmup_steps(TrainOptions const& options) {
    constexpr sk::index most = 50;
    sk::index const usual = options.steps > 0 ? std::min(most, options.steps / 10) : most;
    return options.warmup.value_or(usual);
}

// The neuron in front of time mixing's output sees the weakest input, and gets half the threshold.
sk::SpikeGptConfig model_config(TrainOptions const& options, sk::index vocabulary) {
    auto config = sk::make_config(sk::find_variant(options.variant), vocabulary, options.layers,
                                  options.embd);
    config.neuron.threshold = *options.threshold;
    config.output_threshold =
        *options.threshold * (config.spikes.inputs == sk::Inputs::lif ? 0.5 : 1.0);
    config.spikes.binary_embedding = *options.binary_embedding == "on";
    config.ffn_pre = options.ffn_pre;
    config.dropout = options.dropout;
    config.trains_as = matrix_storage(options);
    return config;
}

sk::MatrixStorage matrix_storage(TrainOptions const& options) {
    auto const type = [](std::string const& name) {
        return sk::detail::find_named("weights", sk::weight_types, name).type;
    };
    sk::MatrixStorage const storage{type(*options.weights), type(*options.head_weights),
                                    *options.weight_group};
    storage.check();
    if (storage.group > 0 && !storage.scaled()) {
        sk::fail("--weight-group", "these types have no scales");
    }
    return storage;
}

Json to_json(TrainOptions const& options) {
    Json json;
    each_option(options,
                [&](std::string const& name, auto& value) { json[name] = json_of(value); });
    return json;
}

TrainOptions options_from_json(Json const& json) {
    TrainOptions options;
    Json const defaults = to_json(options);
    auto const read_one = [&](std::string const& name, auto& value) {
        bool const fits = !json.contains(name) || read(json.at(name), value);
        if (!fits) {
            sk::fail(sk::quote(name),
                     std::string("it is of the wrong type, ") + json.at(name).type_name());
        }
    };
    // A file may come from anywhere. Defaults stand for what was not given.
    auto const read_checked = [&](std::string const& name, auto& value, std::string const&,
                                  CLI::Validator const& check) {
        read_one(name, value);
        // Of a processor the build knows that is asked, which may be another one now.
        if (json_of(value) == defaults[name] || name == "cpu") { return; }
        std::string const complaint = complaint_of(check, value);
        if (!complaint.empty()) { sk::fail(sk::quote(name), complaint); }
    };
    // What the model is, its own description says, with bounds of its own.
    auto const read_unchecked = [&](std::string const& name, auto& value, std::string const&,
                                    CLI::Validator const&) { read_one(name, value); };
    each_text_option(options, read_checked);
    each_model_option(options, read_unchecked);
    each_learning_option(options, read_checked);
    each_run_option(options, read_checked);
    complete(options);
    return options;
}

void add_option_flags(CLI::App& flags, TrainOptions& options) {
    auto const in = [&flags](std::string const& group) {
        return [&flags, group](std::string const& name, auto& value, std::string const& meaning,
                               CLI::Validator const& check) {
            add_flag(flags, name, value, meaning, check, group);
        };
    };
    each_text_option(options, in("Text"));
    each_model_option(options, in("Model"));
    each_learning_option(options, in("Learning"));
    each_run_option(options, in("Run"));

    auto const set_size = [&options](std::string const& name) {
        options.layers = sk::find_size(name).layers;
        options.embd = sk::find_size(name).channels;
    };
    auto* const size =
        flags.add_option_function<std::string>("--size", set_size, "Blocks x channels by name");
    size->group("Model")->check(size_name());
    size->excludes("--layers")->excludes("--embd");
    auto const set_events = [&options](std::string const& name) {
        options.event_cost = std::ranges::find(event_presets, name, &EventPreset::name)->cost;
    };
    flags
        .add_option_function<std::string>("--events", set_events,
                                          "--event-cost by name: 0.2, 0.5, 2")
        ->group("Learning")
        ->check(one_of(event_presets))
        ->excludes("--event-cost");
    flags.get_option("--steps")->excludes("--minutes");
    flags.get_option("--valid")->excludes("--valid-fraction");
}

TrainOptions continued(TrainOptions const& saved, TrainOptions const& given,
                       CLI::App const& flags) {
    TrainOptions options = given;
    Json const before = to_json(saved);
    Json const now = to_json(given);
    auto const keep = [&](std::string const& name, auto& value, std::string const&,
                          CLI::Validator const&) {
        if (is_given(flags, name) && now[name] != before[name]) {
            Json const& old = before[name];
            sk::fail("resume",
                     fmt::format("--{} is {}, the run was started with {}", name, now[name].dump(),
                                 old.is_null() ? "the default" : old.dump()));
        }
        read(before[name], value);
    };
    auto const prefer_given = [&](std::string const& name, auto& value, std::string const&,
                                  CLI::Validator const&) {
        if (!is_given(flags, name)) { read(before[name], value); }
    };
    each_text_option(options, prefer_given);
    each_model_option(options, keep);
    each_learning_option(options, keep);
    each_run_option(options, prefer_given);
    if (is_given(flags, "valid-fraction")) { options.valid.clear(); }
    if (is_given(flags, "steps")) { options.minutes = 0; }
    if (is_given(flags, "minutes")) { options.steps = 0; }
    return options;
}

}  // namespace spikegpt
