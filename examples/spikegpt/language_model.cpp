// SPDX-License-Identifier: MIT
#include "language_model.hpp"

#include <set>

#include <fmt/core.h>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/vocabulary_json.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

namespace spikegpt {

namespace {

constexpr char const* vocabulary_key = "vocabulary";

sk::Vocabulary vocabulary_of(sk::Metadata const& description, sk::index size) {
    auto const text = description.find(vocabulary_key);
    if (text == description.end() && size == 256) { return sk::Vocabulary::bytes(); }
    if (text == description.end()) {
        sk::fail("vocabulary", fmt::format("nothing says what the {} ids stand for", size));
    }
    auto vocabulary = sk::vocabulary_from_json(text->second);
    if (vocabulary.size() != size) {
        sk::fail("vocabulary", fmt::format("it has {} ids, the model {}", vocabulary.size(), size));
    }
    return vocabulary;
}

}  // namespace

sk::Metadata describe_model(LanguageModel const& language) {
    sk::Metadata description = sk::metadata(language.net.config);
    description[vocabulary_key] = sk::to_json(language.vocabulary);
    return description;
}

LanguageModel model_of_description(sk::Metadata const& description, std::string_view source,
                                   sk::index most_layers) {
    try {
        auto const config = sk::config_from_metadata(description);
        if (config.layers > most_layers) {
            sk::fail("metadata", fmt::format("'L' is {}, and there are only {} tensors",
                                             config.layers, most_layers));
        }
        return {vocabulary_of(description, config.vocabulary), sk::SpikeGpt<>(config)};
    } catch (sk::Error const& error) { sk::fail(sk::quote(source), error.what()); }
}

void save_model(std::string const& path, LanguageModel const& language, sk::Metadata const& notes) {
    sk::Metadata metadata = describe_model(language);
    metadata.insert(notes.begin(), notes.end());
    sk::save_checkpoint(path, language.net, metadata);
}

LanguageModel load_model(std::string const& path) {
    auto const file = sk::SafetensorsFile::open(path);
    LanguageModel language =
        model_of_description(file.metadata(), path, std::ssize(file.tensors()));
    sk::load_checkpoint(file, language.net);
    return language;
}

sk::index count_unknown(sk::Vocabulary const& vocabulary, sk::Text const& text) {
    if (vocabulary.is_bytes()) { return 0; }
    std::set<char32_t> known;
    sk::for_each_code_point(vocabulary.symbols(), [&](char32_t c) { known.insert(c); });
    sk::index count = 0;
    for (sk::TextPiece const& piece : text.pieces()) {
        sk::for_each_code_point(piece.bytes, [&](char32_t c) { count += !known.contains(c); });
    }
    return count;
}

}  // namespace spikegpt
