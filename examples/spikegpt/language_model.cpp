// SPDX-License-Identifier: MIT
#include "language_model.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/checksum.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/io/vocabulary_file.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

#include "output.hpp"

namespace spikegpt {

namespace {

constexpr char const* vocabulary_key = "vocabulary";

// A vocabulary of more bytes than this is kept with the model alone.
constexpr std::size_t short_vocabulary = 1 << 16;

// Files of other kinds that are easily taken for a model.
void check_is_model(sk::CheckpointFile const& file) {
    auto const format = file.metadata().find("format");
    if (format == file.metadata().end()) { return; }
    if (format->second == "spikelet.resume") {
        auto const model = std::filesystem::path(file.path()).replace_filename("model.safetensors");
        sk::fail(sk::quote(file.path()),
                 "it is what --resume reads; the model is beside it, " + sk::quote(model.string()));
    }
    if (format->second == "spikelet.session") {
        sk::fail(sk::quote(file.path()), "it is what --state-in reads, and no model");
    }
    if (format->second == classifier_format) {
        sk::fail(
            sk::quote(file.path()),
            "it is a classifier, which spikegpt classify eval, classify predict and info read");
    }
}

std::optional<sk::Vocabulary> vocabulary_of(sk::Metadata const& description, sk::index size) {
    auto const text = description.find(vocabulary_key);
    if (text == description.end()) {
        return size == 256 ? std::optional(sk::Vocabulary::bytes()) : std::nullopt;
    }
    auto vocabulary = sk::any_vocabulary_from_json(text->second);
    if (vocabulary.size() != size) {
        sk::fail("vocabulary",
                 fmt::format("it has {}, the model {}", counted(vocabulary.size(), "id"), size));
    }
    return vocabulary;
}

}  // namespace

std::string kind_of(sk::Vocabulary const& vocabulary) {
    if (auto const* const tokenizer = vocabulary.tokenizer()) {
        bool const merges = dynamic_cast<sk::ByteBpe const*>(tokenizer) != nullptr;
        return merges ? "byte-level BPE" : "world";
    }
    return vocabulary.is_bytes() ? "bytes" : "characters";
}

std::string nearest_variant(sk::SpikeGptConfig const& config) {
    return sk::parse_json("metadata", sk::metadata(config).at("variant"));
}

sk::Metadata describe_model(sk::Vocabulary const& vocabulary, sk::SpikeGptConfig const& config) {
    sk::Metadata description = sk::metadata(config);
    description[vocabulary_key] = sk::to_json(vocabulary);
    return description;
}

sk::Metadata shortened(sk::Metadata description) {
    std::string& vocabulary = description[vocabulary_key];
    if (vocabulary.size() > short_vocabulary) {
        sk::Checksum sum;
        sum.add(vocabulary);
        vocabulary = nlohmann::json{{"checksum", sum.text()}}.dump();
    }
    return description;
}

void check_vocabulary(std::optional<sk::Vocabulary> const& vocabulary, sk::index size,
                      std::string_view source) {
    if (vocabulary) { return; }
    sk::fail(sk::quote(source),
             fmt::format("vocabulary: nothing says what the {} stand for", counted(size, "id")));
}

DescribedModel described_model(sk::Metadata const& description, std::string_view source,
                               sk::index most_layers) {
    try {
        auto const config = sk::config_from_metadata(description);
        if (config.layers > most_layers) {
            sk::fail("metadata", fmt::format("'L' is {}, and there are only {}", config.layers,
                                             counted(most_layers, "tensor")));
        }
        return {vocabulary_of(description, config.vocabulary), sk::SpikeGpt<>(config)};
    } catch (sk::Error const& error) { sk::fail(sk::quote(source), error.what()); }
}

LanguageModel model_of_description(sk::Metadata const& description, std::string_view source,
                                   sk::index most_layers) {
    auto described = described_model(description, source, most_layers);
    check_vocabulary(described.vocabulary, described.net.config.vocabulary, source);
    return {std::move(*described.vocabulary), std::move(described.net)};
}

void save_model(std::string const& path, LanguageModel const& language, sk::Metadata const& notes) {
    sk::Metadata metadata = describe_model(language);
    metadata.insert(notes.begin(), notes.end());
    sk::save_checkpoint(path, language.net, metadata);
}

sk::CheckpointFile open_model(std::string const& path) {
    auto file = sk::CheckpointFile::open(path);
    check_is_model(file);
    file.verify();
    return file;
}

std::string find_not_finite(LanguageModel const& language) {
    std::string found;
    sk::each_parameter(language.net, [&](std::string_view name, auto const& parameter) {
        auto const weights = parameter.span();
        bool const finite = std::ranges::all_of(weights, [](float w) { return std::isfinite(w); });
        if (!finite && found.empty()) { found = name; }
    });
    return found;
}

LanguageModel load_model(ModelSource const& source) {
    auto const file = open_model(source.path);
    if (file.metadata().contains(weights_key)) {
        sk::fail(sk::quote(source.path),
                 "it is quantized, and cannot be trained; take the float model "
                 "that it was made from");
    }
    LanguageModel language =
        model_of_description(description_of(file, source), source.path, std::ssize(file.tensors()));
    sk::load_checkpoint(file, language.net);
    if (std::string const name = find_not_finite(language); !name.empty()) {
        sk::fail(sk::quote(source.path),
                 name + " has weights that are not finite; nothing can be learned from them");
    }
    return language;
}

std::optional<sk::index> trained_context(std::string const& path) {
    auto const file = sk::CheckpointFile::open(path);
    sk::detail::ScalarReader const read(file.metadata());
    if (!read.has(context_key)) { return {}; }
    try {
        return read.size(context_key, 1'000'000);
    } catch (sk::Error const& error) { sk::fail(sk::quote(path), error.what()); }
}

std::optional<std::string> describe_unknown(sk::Vocabulary const& vocabulary,
                                            sk::Text const& text) {
    if (!vocabulary.is_characters()) { return {}; }
    std::set<char32_t> known;
    sk::for_each_code_point(vocabulary.symbols(), [&](char32_t c) { known.insert(c); });
    sk::index count = 0;
    std::string first;
    for (sk::TextPiece const& piece : text.pieces()) {
        sk::for_each_code_point(piece.bytes, [&](char32_t c) {
            if (known.contains(c)) { return; }
            if (++count == 1) { sk::append_utf8(first, c); }
        });
    }
    if (count == 0) { return {}; }
    std::int32_t const stand_in = vocabulary.unknown();
    return fmt::format("{}, {} first, {} not in the vocabulary and read as {}",
                       counted(count, "character"), sk::quote(first), count == 1 ? "is" : "are",
                       sk::quote(vocabulary.decode({&stand_in, 1})));
}

}  // namespace spikegpt
