// SPDX-License-Identifier: MIT
#include "classifier_model.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <spikelet/core/quote.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/models/metadata_scalars.hpp>

#include "limits.hpp"
#include "out_file.hpp"

namespace spikegpt {

namespace {

constexpr char const* labels_key = "labels";
constexpr char const* hidden_key = "classify_hidden";
constexpr char const* dropout_key = "classify_dropout";

std::vector<std::string> labels_of(sk::Metadata const& metadata) {
    sk::detail::ScalarReader const read(metadata);
    if (!read.has(labels_key)) { read.complain(labels_key, "a list of texts"); }
    auto const json = sk::parse_json("metadata", read.text(labels_key));
    std::vector<std::string> labels;
    if (json.is_array()) {
        for (auto const& label : json) {
            if (label.is_string()) { labels.push_back(label.get<std::string>()); }
        }
        if (std::ranges::any_of(labels, sk::has_control_characters)) {
            sk::fail("metadata", "'labels' has control characters");
        }
    }
    std::set<std::string> const different(labels.begin(), labels.end());
    if (labels.size() < 2 || labels.size() != json.size() || labels.size() != different.size()) {
        sk::fail("metadata", "'labels' should be a list of two or more different texts");
    }
    return labels;
}

sk::ClassifyHeadSizes sizes_of(sk::Metadata const& metadata, std::size_t classes) {
    sk::detail::ScalarReader const read(metadata);
    if (!read.has(dropout_key)) { read.complain(dropout_key, sk::detail::part_of_one.words); }
    sk::ClassifyHeadSizes const sizes{
        .hidden = read.size(hidden_key, sk::ClassifyHeadSizes::most_hidden),
        .classes = static_cast<sk::index>(classes),
        .dropout = read.number(dropout_key, 0, sk::detail::part_of_one)};
    sizes.check();
    return sizes;
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
                                   sk::detail::ScalarReader(metadata).size(context_key, most_ctx),
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
