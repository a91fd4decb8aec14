// SPDX-License-Identifier: MIT
// A model that is only read, with its matrices as its file has them: float, or in few bits.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/vocabulary.hpp>

#include "engine.hpp"
#include "language_model.hpp"

namespace spikegpt {

/// "int4, head int8, one scale for 64 inputs", for people.
std::string text_of(sk::MatrixStorage const& storage);

struct StoredModel {
    std::optional<sk::Vocabulary> vocabulary;  ///< none where the file does not say
    sk::MatrixStorage storage;
    std::unique_ptr<sk::SpikeGpt<>> numbers;  ///< what `net` borrows, where the file has floats
    StoredNet net;  ///< computes as in training, also where matrices train in few bits

    /// What one id is called: "byte", "character" or "token".
    [[nodiscard]] std::string symbol() const { return symbol_of(*vocabulary); }
};

/// A model as its file describes it, before its weights are read. Throws Error.
StoredModel model_without_weights(sk::CheckpointFile const& file, ModelSource const& source);

/// Reads a model of either kind, with or without a vocabulary. Throws Error.
StoredModel load_stored_model(ModelSource const& source);

/// Reads a model that is to read or write text. Throws Error also if it has no vocabulary.
StoredModel load_stored_language(ModelSource const& source);

/// Writes the model, and `notes` beside its description, whole or not at all. `watch` hears how far
/// it is. Throws Error.
void save_model(std::string const& path, StoredModel const& model, sk::Metadata const& notes = {},
                sk::WriteWatch const& watch = {});

/// Configuration, storage and vocabulary as text by key.
sk::Metadata describe_model(StoredModel const& model);

/// Calls f(net) with what tells a model's weights from others: the floats of its file, or codes.
template <class F>
auto with_weights(StoredModel const& model, F&& f) {
    return model.numbers ? f(*model.numbers) : f(model.net);
}

}  // namespace spikegpt
