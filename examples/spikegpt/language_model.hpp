// SPDX-License-Identifier: MIT
// A model together with what its ids stand for, in one file: weights under their official names,
// configuration and vocabulary in the metadata.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <spikelet/io/checkpoint_file.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/text.hpp>
#include <spikelet/io/vocabulary.hpp>
#include <spikelet/models/spikegpt.hpp>

#include "model_source.hpp"

namespace spikegpt {

namespace sk = spikelet;

/// Where a model's file notes the length of the sequences it was trained on.
inline constexpr char const* context_key = "ctx";

/// Where it notes how its matrices are stored, if not as numbers.
inline constexpr char const* weights_key = "weights";

/// What one id is called: "byte", "character" or "token".
inline std::string symbol_of(sk::Vocabulary const& vocabulary) {
    return vocabulary.is_bytes() ? "byte" : vocabulary.is_characters() ? "character" : "token";
}

/// What its ids are: "bytes", "characters", "byte-level BPE" or "world".
std::string kind_of(sk::Vocabulary const& vocabulary);

/// The format that the file of a classifier says it has.
inline constexpr char const* classifier_format = "spikelet.classifier";

struct LanguageModel {
    sk::Vocabulary vocabulary;
    sk::SpikeGpt<> net;

    /// What one id is called.
    [[nodiscard]] std::string symbol() const { return symbol_of(vocabulary); }

    /// Bits per byte, character or token, in three letters.
    [[nodiscard]] std::string bits_unit() const { return "bp" + symbol().substr(0, 1); }
};

/// The name that comes nearest to where the spikes of a model are, as in its file.
std::string nearest_variant(sk::SpikeGptConfig const& config);

/// Whether there are LIF neurons anywhere in a model.
constexpr bool has_lif(sk::Placement const& spikes) {
    return spikes.residual == sk::Node::lif || spikes.spiking_hidden ||
           spikes.inputs == sk::Inputs::lif;
}

/// Configuration and vocabulary as text by key: enough to make the same model without weights.
sk::Metadata describe_model(sk::Vocabulary const& vocabulary, sk::SpikeGptConfig const& config);
inline sk::Metadata describe_model(LanguageModel const& language) {
    return describe_model(language.vocabulary, language.net.config);
}

/// The same for files beside the model's: of a long vocabulary no more than a checksum.
sk::Metadata shortened(sk::Metadata description);

/// A model without weights, and what its ids stand for if that is known.
struct DescribedModel {
    std::optional<sk::Vocabulary> vocabulary;
    sk::SpikeGpt<> net;
};

/// Throws Error that names `source`, the file of a model, if nobody knows what its ids stand for.
void check_vocabulary(std::optional<sk::Vocabulary> const& vocabulary, sk::index size,
                      std::string_view source);

/// A model of this description, without weights. `source` is for messages, and `most_layers` is how
/// many layers make sense in it. Throws Error.
DescribedModel described_model(sk::Metadata const& description, std::string_view source,
                               sk::index most_layers);

/// The same with a vocabulary. Throws Error also if there is none.
LanguageModel model_of_description(sk::Metadata const& description, std::string_view source,
                                   sk::index most_layers);

/// Writes the model as safetensors, and `notes` beside its description, whole or not at all.
/// Throws Error.
void save_model(std::string const& path, LanguageModel const& language,
                sk::Metadata const& notes = {});

/// Opens the file of a model and checks that it is whole. Throws Error for files of other kinds.
sk::CheckpointFile open_model(std::string const& path);

/// Name of the first parameter with a weight that is not finite; empty if all are finite.
std::string find_not_finite(LanguageModel const& language);

/// Reads a model to train it. Throws Error, also for one in few bits, or with weights that are not
/// finite.
LanguageModel load_model(ModelSource const& source);

/// How many ids the sequences had that a model was trained on, if its file says so. Throws Error.
std::optional<sk::index> trained_context(std::string const& path);

/// A sentence about the characters of the text that the vocabulary does not have; nothing if it
/// has them all.
std::optional<std::string> describe_unknown(sk::Vocabulary const& vocabulary, sk::Text const& text);

}  // namespace spikegpt
