// SPDX-License-Identifier: MIT
#include "stored_model.hpp"

#include <fmt/core.h>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>
#include <spikelet/ops/quantize.hpp>

namespace spikegpt {

namespace {

constexpr char const* head_key = "head_weights";
constexpr char const* group_key = "weight_group";

sk::WeightType type_at(sk::Metadata const& texts, std::string const& key) {
    auto const text = texts.find(key);
    if (text == texts.end()) { sk::fail("metadata", "there is no " + sk::quote(key)); }
    return sk::detail::find_named("metadata " + sk::quote(key), sk::weight_types, text->second)
        .type;
}

sk::MatrixStorage storage_of(sk::Metadata const& texts) {
    if (!texts.contains(weights_key)) { return {}; }
    sk::MatrixStorage storage{type_at(texts, weights_key), type_at(texts, head_key), 0};
    sk::detail::ScalarReader const read(texts);
    if (read.has(group_key)) {
        storage.group = read.whole(group_key, 0, sk::SpikeGptConfig::most_hidden);
    }
    return storage;
}

}  // namespace

std::string text_of(sk::MatrixStorage const& storage) {
    std::string text(sk::name_of(storage.weights));
    if (storage.head != storage.weights) {
        text += fmt::format(", head {}", sk::name_of(storage.head));
    }
    if (storage.group > 0) { text += fmt::format(", one scale for {} inputs", storage.group); }
    return text;
}

StoredModel model_without_weights(sk::CheckpointFile const& file, ModelSource const& source) {
    auto described =
        described_model(description_of(file, source), source.path, std::ssize(file.tensors()));
    try {
        sk::MatrixStorage const storage = storage_of(file.metadata());
        StoredModel model{std::move(described.vocabulary), storage, nullptr,
                          StoredNet(described.net.config)};
        if (storage.plain()) {
            model.numbers = std::make_unique<sk::SpikeGpt<>>(std::move(described.net));
        } else {
            sk::store_as(model.net, storage);
        }
        return model;
    } catch (sk::Error const& error) { sk::fail(sk::quote(source.path), error.what()); }
}

StoredModel load_stored_model(ModelSource const& source) {
    auto const file = open_model(source.path);
    StoredModel model = model_without_weights(file, source);
    if (model.numbers) {
        sk::load_checkpoint(file, *model.numbers);
        sk::borrow(*model.numbers, model.net);
    } else {
        sk::load_checkpoint(file, model.net);
    }
    return model;
}

StoredModel load_stored_language(ModelSource const& source) {
    StoredModel model = load_stored_model(source);
    check_vocabulary(model.vocabulary, model.net.config.vocabulary, source.path);
    return model;
}

sk::Metadata describe_model(StoredModel const& model) {
    sk::Metadata description = model.vocabulary
                                   ? describe_model(*model.vocabulary, model.net.config)
                                   : sk::metadata(model.net.config);
    if (!model.storage.plain()) {
        description[weights_key] = sk::name_of(model.storage.weights);
        description[head_key] = sk::name_of(model.storage.head);
        description[group_key] = std::to_string(model.storage.group);
    }
    return description;
}

void save_model(std::string const& path, StoredModel const& model, sk::Metadata const& notes,
                sk::WriteWatch const& watch) {
    sk::Metadata metadata = describe_model(model);
    metadata.insert(notes.begin(), notes.end());
    sk::save_checkpoint(path, model.net, metadata, watch);
}

}  // namespace spikegpt
