// SPDX-License-Identifier: MIT
// Everything that decides what training a classifier does. The defaults are those that generalise
// best from some thousand sentences: a small model, and much of what keeps it from learning by
// heart (docs/understanding.md).
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "model_source.hpp"

namespace spikegpt {

struct ClassifyOptions {
    std::string data;
    std::string valid;
    std::string out;
    std::string vocab;
    sk::index bpe_merges = 4000;
    sk::index ctx = 256;

    ModelSource init_from;
    std::string variant = "spikegpt";
    sk::index layers = 2;
    sk::index embd = 64;
    std::string binary_embedding = "off";
    sk::index hidden = 64;
    double dropout = 0.3;
    std::string init = "C";

    sk::index epochs = 20;
    sk::index patience = 5;
    sk::index batch = 32;
    double lr = 2e-3;
    double weight_decay = 0.1;
    double word_dropout = 0.2;
    double layer_lr_decay = 1.0;
    std::optional<sk::index> freeze;
    sk::index seed = 42;

    sk::index threads = 0;
    std::string cpu;
    bool json = false;
};

/// Adds a flag for each option.
void add_classify_flags(CLI::App& flags, ClassifyOptions& options);

}  // namespace spikegpt
