// SPDX-License-Identifier: MIT
#include "classifier_model.hpp"

#include <charconv>
#include <cmath>
#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/json.hpp>

#include "out_file.hpp"

namespace spikegpt {

namespace {

constexpr char const* labels_key = "labels";
constexpr char const* hidden_key = "classify_hidden";
constexpr char const* dropout_key = "classify_dropout";

std::string const& text_at(sk::Metadata const& metadata, std::string const& key) {
    auto const found = metadata.find(key);
    if (found == metadata.end()) { sk::fail("metadata", "there is no " + sk::quote(key)); }
    return found->second;
}

template <class T>
T number_at(sk::Metadata const& metadata, std::string const& key) {
    std::string const& text = text_at(metadata, key);
    T value{};
    char const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end) {
        sk::fail("metadata", sk::quote(key) + " is " + sk::quote(text) + ", expected a number");
    }
    return value;
}

std::vector<std::string> labels_of(sk::Metadata const& metadata) {
    auto const json = sk::parse_json("metadata", text_at(metadata, labels_key));
    std::vector<std::string> labels;
    if (json.is_array()) {
        for (auto const& label : json) {
            if (label.is_string()) { labels.push_back(label.get<std::string>()); }
        }
    }
    std::set<std::string> const different(labels.begin(), labels.end());
    if (labels.size() < 2 || labels.size() != json.size() || labels.size() != different.size()) {
        sk::fail("metadata", "'labels' should be a list of two or more different texts");
    }
    return labels;
}

sk::ClassifyHeadSizes sizes_of(sk::Metadata const& metadata, std::size_t classes) {
    sk::ClassifyHeadSizes const sizes{.hidden = number_at<sk::index>(metadata, hidden_key),
                                      .classes = static_cast<sk::index>(classes),
                                      .dropout = number_at<double>(metadata, dropout_key)};
    sizes.check();
    return sizes;
}

sk::index context_of(sk::Metadata const& metadata) {
    auto const ctx = number_at<sk::index>(metadata, context_key);
    if (ctx < 1 || ctx > 65536) { sk::fail("metadata", "'ctx' should be from 1 to 65536"); }
    return ctx;
}

sk::CheckpointFile open_classifier(std::string const& path) {
    auto file = sk::CheckpointFile::open(path);
    if (!is_classifier(file)) {
        sk::fail(sk::quote(path), "it is no classifier; spikegpt classify train makes one");
    }
    return file;
}

}  // namespace

void save_classifier(std::string const& path, ClassifierModel const& model,
                     sk::Metadata const& notes) {
    sk::Metadata metadata = describe_model(model.vocabulary, model.net.body.config);
    metadata["format"] = classifier_format;
    metadata[labels_key] =
        nlohmann::json(model.labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    metadata[hidden_key] = std::to_string(model.net.sizes.hidden);
    metadata[dropout_key] = fmt::format("{}", model.net.sizes.dropout);
    metadata[context_key] = std::to_string(model.ctx);
    metadata.insert(notes.begin(), notes.end());
    sk::save_checkpoint(path, model.net, metadata);
}

bool is_classifier(sk::CheckpointFile const& file) {
    auto const format = file.metadata().find("format");
    return format != file.metadata().end() && format->second == classifier_format;
}

ClassifierModel load_classifier(std::string const& path) {
    auto const file = open_classifier(path);
    file.verify();
    auto const& metadata = file.metadata();
    LanguageModel language = model_of_description(metadata, path, std::ssize(file.tensors()));
    auto made = [&] {
        try {
            auto labels = labels_of(metadata);
            auto const sizes = sizes_of(metadata, labels.size());
            return ClassifierModel{std::move(language.vocabulary), std::move(labels),
                                   context_of(metadata),
                                   Classifier(std::move(language.net), sizes)};
        } catch (sk::Error const& error) { sk::fail(sk::quote(path), error.what()); }
    }();
    sk::load_checkpoint(file, made.net);
    return made;
}

void check_classifier_out(std::string const& path) {
    sk::FileWriter const can_be_written(path);
    check_replaces_only("--out", path, "classifier",
                        [&] { return is_classifier(sk::CheckpointFile::open(path)); });
}

std::vector<double> probabilities(std::span<float const> logits) {
    auto const largest = static_cast<double>(*std::ranges::max_element(logits));
    std::vector<double> shares;
    double sum = 0;
    for (float const z : logits) {
        shares.push_back(std::exp(static_cast<double>(z) - largest));
        sum += shares.back();
    }
    for (double& p : shares) { p /= sum; }
    return shares;
}

}  // namespace spikegpt
