// SPDX-License-Identifier: MIT
#include "classify_options.hpp"

#include <spikelet/models/spikegpt_init.hpp>

#include "flags.hpp"
#include "layer_rates.hpp"
#include "limits.hpp"
#include "processor.hpp"

namespace spikegpt {

namespace {

void add_text_flags(CLI::App& flags, ClassifyOptions& o) {
    flags.add_option("--data", o.data, "Lines label<TAB>text to learn from")
        ->type_name("FILE")
        ->required()
        ->group("Text");
    flags.add_option("--valid", o.valid, "Lines to choose the best model by")
        ->type_name("FILE")
        ->required()
        ->group("Text");
    flags.add_option("--out", o.out, "The classifier, .safetensors: the best so far")
        ->type_name("FILE")
        ->required()
        ->check(file_name({".safetensors"}))
        ->group("Text");
    auto* const vocab = flags.add_option(
        "--vocab", o.vocab, "What ids stand for (default: a byte-level BPE of the texts)");
    vocab->check(vocabulary_name("byte", "char"))->group("Text");
    flags.add_option("--bpe-merges", o.bpe_merges, "Merges of that BPE")
        ->check(whole(0, 1'000'000))
        ->capture_default_str()
        ->excludes(vocab)
        ->group("Text");
    flags.add_option("--ctx", o.ctx, "Ids that are read of a text")
        ->check(whole(1, most_ctx))
        ->capture_default_str()
        ->group("Text");
}

void add_body_flags(CLI::App& flags, ClassifyOptions& o) {
    flags.add_option("--variant", o.variant, "Where spikes are")
        ->check(one_of(sk::variants))
        ->capture_default_str()
        ->group("Model");
    flags.add_option("--layers", o.layers, "Number of blocks")
        ->check(whole(1, 1024))
        ->capture_default_str()
        ->group("Model");
    flags.add_option("--embd", o.embd, "Channels")
        ->check(whole(1, 16384))
        ->capture_default_str()
        ->group("Model");
    flags.add_option("--binary-embedding", o.binary_embedding, "Reduce the embedding to signs")
        ->check(one_of(switches))
        ->capture_default_str()
        ->group("Model");
    flags.add_option("--init", o.init, "First weights, as PyTorch, as RWKV runs, as it is written")
        ->check(one_of(sk::initialisations))
        ->capture_default_str()
        ->group("Model");
    flags.add_option("--hidden", o.hidden, "Neurons of the head's hidden layer")
        ->check(whole(1, sk::index{1} << 20))
        ->capture_default_str()
        ->group("Model");
    flags.add_option("--dropout", o.dropout, "After each block and in the head")
        ->check(number(0, 0.95))
        ->capture_default_str()
        ->group("Model");
}

void add_start_flags(CLI::App& flags, ClassifyOptions& o) {
    auto* const init_from =
        flags.add_option("--init-from", o.init_from.path,
                         "Language model to start from, .safetensors or .pth; --variant is then "
                         "of a file that does not say");
    init_from->type_name("MODEL")->group("Model");
    for (char const* decided : {"--vocab", "--bpe-merges", "--layers", "--embd", "--init"}) {
        init_from->excludes(decided);
    }
    flags.add_option("--layer-lr-decay", o.layer_lr_decay, layer_lr_decay_meaning)
        ->check(number(0, 1))
        ->capture_default_str()
        ->group("Learning");
    flags.add_option("--freeze", o.freeze, freeze_meaning)
        ->check(whole(0, 1024))
        ->needs(init_from)
        ->group("Learning");
}

void add_learning_flags(CLI::App& flags, ClassifyOptions& o) {
    auto const add = [&](char const* name, auto& value, char const* meaning,
                         CLI::Validator const& check) {
        flags.add_option(name, value, meaning)
            ->check(check)
            ->capture_default_str()
            ->group("Learning");
    };
    add("--epochs", o.epochs, "How often all texts are read at most", whole(1, 1'000'000));
    add("--patience", o.patience, "Epochs without a better model before it stops",
        whole(1, 1'000'000));
    add("--batch", o.batch, "Texts at a time", whole(1, most_batch));
    add("--lr", o.lr, "Peak learning rate of AdamW", number(1e-12, 1e9));
    add("--weight-decay", o.weight_decay, "Of matrices but the embedding", number(0, 10));
    add("--word-dropout", o.word_dropout, "Share of ids that are left out in learning",
        number(0, 0.95));
    add("--seed", o.seed, "Of all random numbers", whole(0, INT64_MAX));
}

}  // namespace

void add_classify_flags(CLI::App& flags, ClassifyOptions& options) {
    add_text_flags(flags, options);
    add_body_flags(flags, options);
    add_learning_flags(flags, options);
    add_start_flags(flags, options);
    flags.add_option("--threads", options.threads, threads_meaning)->check(whole(0, most_threads));
    flags.add_option("--cpu", options.cpu, cpu_meaning)->check(one_of(instruction_sets()));
    flags.add_flag("--json", options.json, "End with one JSON object on standard output");
}

}  // namespace spikegpt
