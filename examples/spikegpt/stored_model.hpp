// SPDX-License-Identifier: MIT
// A model that is only read, with its matrices as its file has them: float, or in few bits.
#pragma once

#include <memory>
#include <string>

#include <spikelet/io/vocabulary.hpp>

#include "engine.hpp"
#include "language_model.hpp"

namespace spikegpt {

/// "int4, head int8, one scale for 64 inputs", for people.
std::string text_of(sk::MatrixStorage const& storage);

struct StoredModel {
    sk::Vocabulary vocabulary;
    sk::MatrixStorage storage;
    std::unique_ptr<sk::SpikeGpt<>> numbers;  ///< what `net` borrows, where the file has floats
    StoredNet net;  ///< computes as in training, also where matrices train in few bits

    /// What one id is called: "byte", "character" or "token".
    [[nodiscard]] std::string symbol() const { return symbol_of(vocabulary); }
};

/// Reads a model of either kind. Throws Error.
StoredModel load_stored_model(std::string const& path);

/// Writes the model, and `notes` beside its description, whole or not at all. Throws Error.
void save_model(std::string const& path, StoredModel const& model, sk::Metadata const& notes = {});

/// Configuration, storage and vocabulary as text by key.
sk::Metadata describe_model(StoredModel const& model);

/// Calls f(net) with what tells a model's weights from others: the floats of its file, or codes.
template <class F>
auto with_weights(StoredModel const& model, F&& f) {
    return model.numbers ? f(*model.numbers) : f(model.net);
}

}  // namespace spikegpt
