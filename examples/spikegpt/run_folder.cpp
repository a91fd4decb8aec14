// SPDX-License-Identifier: MIT
#include "run_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include <fmt/core.h>

#include <spikelet/core/version.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/io/safetensors_writer.hpp>
#include <spikelet/models/metadata_scalars.hpp>

#include "json.hpp"
#include "out_file.hpp"

namespace spikegpt {

namespace {

namespace fs = std::filesystem;

constexpr char const* format = "spikelet.resume";
constexpr char const* format_version = "3";

// Where the best model notes how well it did, and on how much text.
constexpr char const* best_bits_key = "valid_bits";
constexpr char const* eval_tokens_key = "eval_tokens";

Json to_json(Position const& at) {
    Json json{{"step", at.step}, {"tokens", at.tokens}, {"seconds", at.seconds}};
    json["batches"] = {at.batches.key, at.batches.position};
    if (at.validation_due) { json["validation_due"] = true; }
    return json;
}

// Throws Error unless the number is there and from 0 to `most`.
template <class T>
T number_at(Json const& json, std::string const& key, T most) {
    auto const found = json.find(key);
    bool const is_number =
        found != json.end() &&
        (std::floating_point<T> ? found->is_number() : found->is_number_integer());
    if (!is_number || *found < 0 || *found > most) {
        sk::fail("position", sk::quote(key) + " is no number that a run has");
    }
    return found->get<T>();
}

// Counts are so small that neither their sums nor the numbers of batches overflow.
Position position_from_json(Json const& json) {
    constexpr std::int64_t most_tokens = 1'000'000'000'000'000;
    auto const batches = json.find("batches");
    auto const is_state = [](Json const& word) { return word.is_number_unsigned(); };
    if (batches == json.end() || !batches->is_array() || batches->size() != 2 ||
        !std::ranges::all_of(*batches, is_state)) {
        sk::fail("position", "'batches' should be two numbers");
    }
    Position at{.step = number_at(json, "step", most_steps),
                .tokens = number_at(json, "tokens", most_tokens),
                .seconds = number_at(json, "seconds", 1e12),
                .batches = {batches->at(0), batches->at(1)}};
    at.validation_due = json.value("validation_due", Json()) == true;
    return at;
}

RunRecord record_of(sk::SafetensorsFile const& file) {
    auto const text = [&](char const* key) {
        auto const found = file.metadata().find(key);
        if (found == file.metadata().end()) {
            sk::fail(sk::quote(file.path()),
                     "it is no state to resume from: it has no " + sk::quote(key));
        }
        return found->second;
    };
    if (text("format") != format) {
        sk::fail(sk::quote(file.path()), "it is no state to resume from");
    }
    if (text("version") != format_version) {
        sk::fail(sk::quote(file.path()),
                 fmt::format("the state has version {}, this program reads version "
                             "{}; start a new run with --init-from",
                             sk::quote(text("version")), format_version));
    }
    auto const object = [&](char const* key) {
        auto json = sk::parse_json<Json>(sk::quote(key), text(key));
        if (!json.is_object()) { sk::fail(sk::quote(key), "expected a JSON object"); }
        return json;
    };
    try {
        return {options_from_json(object("options")), text("text"),
                position_from_json(object("position"))};
    } catch (sk::Error const& error) { sk::fail(sk::quote(file.path()), error.what()); }
}

// Calls f(name, numbers) for all that is saved; nothing of it needs the layout of other programs.
template <class F>
void each_saved(LanguageModel& language, Learner& learner, F&& f) {
    sk::each_parameter(language.net, [&](std::string_view name, auto& parameter) {
        f("weight." + std::string(name), parameter.span());
    });
    learner.each_moment([&](std::string_view name, auto mean, auto square) {
        f("mean." + std::string(name), mean);
        f("square." + std::string(name), square);
    });
}

}  // namespace

void RunFolder::check_free() const {
    for (std::string const& file : files()) {
        if (!is_there("--out", file)) { continue; }
        bool const is_run = is_there("--out", resume());
        sk::fail("train",
                 fmt::format("{} is there already; {}replace it by --force, or give "
                             "another --out",
                             sk::quote(file), is_run ? "go on with the run by --resume, " : ""));
    }
}

void RunFolder::check_has_run() const {
    if (!is_there("--out", resume())) {
        sk::fail("resume", "there is no run to go on with: no " + sk::quote(resume()));
    }
}

void RunFolder::check_holds_none_of(std::vector<std::string> const& inputs) const {
    for (std::string const& file : files()) { check_is_no_input("--out", file, inputs); }
}

void RunFolder::make() const {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        sk::fail("train", "cannot make the folder " + sk::quote(path) + ": " + error.message());
    }
}

void RunFolder::remove_older(bool has_gone_on) const {
    std::error_code error;
    for (std::string const& file : files()) {
        if (file == resume()) { continue; }
        bool const is_own =
            has_gone_on && fs::last_write_time(file, error) >= fs::last_write_time(resume(), error);
        if (is_own) { continue; }
        fs::remove(file, error);
        if (error) {
            sk::fail("train", "cannot remove " + sk::quote(file) + ": " + error.message());
        }
    }
}

void RunFolder::remove_leftovers() const {
    std::error_code ignored;
    for (auto const& entry : fs::directory_iterator(path, ignored)) {
        std::string const name = entry.path().filename();
        // The process; one that lives is still writing. This one is not: in a container all are 1.
        int writer = 0;
        if (std::sscanf(name.c_str(), ".spikelet-%d-", &writer) != 1 || !name.ends_with(".tmp")) {
            continue;
        }
        bool const lives =
            writer > 0 && writer != ::getpid() && (::kill(writer, 0) == 0 || errno == EPERM);
        if (!lives) { fs::remove(entry.path(), ignored); }
    }
}

void save_resume(RunFolder const& folder, RunRecord const& record, LanguageModel const& language,
                 Learner& learner) {
    sk::Metadata metadata = describe_model(language);
    metadata["format"] = format;
    metadata["version"] = format_version;
    metadata["options"] = to_json(record.options).dump();
    metadata["position"] = to_json(record.at).dump();
    metadata["text"] = record.text;
    std::vector<sk::StoredTensor> tensors;
    each_saved(const_cast<LanguageModel&>(language), learner,
               [&](std::string name, std::span<float const> numbers) {
                   tensors.push_back(
                       sk::stored_tensor(std::move(name), {std::ssize(numbers)}, numbers));
               });
    if (auto const state = learner.state(); !state.empty()) {
        tensors.push_back(sk::stored_tensor("state", {std::ssize(state)}, state));
    }
    sk::write_safetensors(folder.resume(), tensors, metadata);
}

ResumeFile::ResumeFile(RunFolder const& folder)
    : file_(sk::SafetensorsFile::open(folder.resume())),
      record_(record_of(file_)) {
    file_.verify();
}

// A description alone could ask for any amount of memory.
LanguageModel ResumeFile::model() const {
    LanguageModel language =
        model_of_description(file_.metadata(), file_.path(), std::ssize(file_.tensors()));
    sk::each_parameter(language.net, [&](std::string_view name, auto const& parameter) {
        file_.check_bits<float>("weight." + std::string(name), parameter.size());
    });
    return language;
}

void ResumeFile::restore(LanguageModel& language, Learner& learner) const {
    each_saved(language, learner, [&](std::string const& name, std::span<float> numbers) {
        file_.read_bits(name, numbers);
    });
    learner.set_count(record_.at.step);
    if (file_.find("state") != nullptr) { learner.restore(file_.read_bits<float>("state")); }
}

void save_best(RunFolder const& folder, LanguageModel const& language, sk::Metadata notes,
               Validation const& validation) {
    notes[best_bits_key] = fmt::format("{}", validation.bits_per_id);
    notes[eval_tokens_key] = std::to_string(validation.eval_tokens);
    save_model(folder.best(), language, notes);
}

// The file says so, not the state of the run: one that was killed may have saved a better model
// after its last state, and by the clock it does not come to that one again.
std::optional<double> best_bits(RunFolder const& folder, sk::index eval_tokens) {
    if (!is_there("--out", folder.best())) { return {}; }
    auto const file = sk::SafetensorsFile::open(folder.best());
    sk::detail::ScalarReader const read(file.metadata());
    bool const is_comparable =
        read.has(best_bits_key) && read.text(eval_tokens_key) == std::to_string(eval_tokens);
    if (!is_comparable) { return {}; }
    try {
        return read.number(best_bits_key, 0.0, sk::detail::any_number);
    } catch (sk::Error const& error) { sk::fail(sk::quote(folder.best()), error.what()); }
}

void save_config(RunFolder const& folder, RunRecord const& record, LanguageModel const& language) {
    Json model;
    for (auto const& [key, text] : shortened(describe_model(language))) {
        model[key] = scalar_json(text);
    }
    model["parameters"] = sk::parameter_count(language.net);
    TrainOptions options = record.options;
    options.warmup = warmup_steps(options);
    Json const config{{"program", "spikegpt"},
                      {"version", fmt::format("{}.{}.{}", SPIKELET_VERSION_MAJOR,
                                              SPIKELET_VERSION_MINOR, SPIKELET_VERSION_PATCH)},
                      {"options", to_json(options)},
                      {"model", model},
                      {"text", record.text}};
    sk::write_file_atomically(folder.config(), [&](sk::FileWriter& file) {
        file.write(config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    });
}

}  // namespace spikegpt
