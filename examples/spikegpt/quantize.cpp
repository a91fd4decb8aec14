// SPDX-License-Identifier: MIT
// spikegpt quantize: a trained model in few bits, and what that costs.
#include <algorithm>
#include <filesystem>
#include <optional>

#include <spikelet/ops/quantize.hpp>

#include "command.hpp"
#include "evaluation.hpp"
#include "flags.hpp"
#include "limits.hpp"
#include "out_file.hpp"
#include "output.hpp"
#include "source.hpp"
#include "stop.hpp"
#include "stored_model.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_quantize = "Stores a model's matrices in few bits";
constexpr char const* examples_of_quantize =
    "  spikegpt quantize --model M.safetensors --out small.safetensors --weights int8\n"
    "  spikegpt quantize --model M --out N.safetensors --weights int4 --head int8 --data test.txt\n"
    "  spikegpt quantize --model M --out N.safetensors --weights ternary --group 64";

struct QuantizeRequest {
    ModelSource model{};
    std::string out;
    std::string weights;
    std::string head;
    std::optional<sk::index> group;
    std::vector<std::string> data;
    sk::index limit = 0;
    sk::index threads = 0;
    std::string cpu;
    bool json = false;
};

void declare(CLI::App& flags, QuantizeRequest& request) {
    add_model_flags(flags, request.model);
    flags.add_option("--out", request.out, "The new model, .safetensors")
        ->type_name("FILE")
        ->required()
        ->check(file_name({".safetensors"}));
    flags
        .add_option("--weights", request.weights,
                    "What the matrices of the layers become, if not what they train as")
        ->check(one_of(sk::weight_types));
    flags
        .add_option("--head", request.head,
                    "What the output matrix becomes (default as it trains, else as --weights)")
        ->check(one_of(sk::weight_types));
    flags
        .add_option("--group", request.group,
                    "Inputs that share a scale, a multiple of 64; 0: all (default as trained)")
        ->check(whole(0, 1 << 24));
    auto* const data = flags.add_option("--data", request.data,
                                        "Text to predict with both models first, to compare them");
    data->type_name("FILE...");
    flags.add_option("--tokens", request.limit, "With --data: predict only so many ids; 0: all")
        ->check(whole(0, INT64_MAX))
        ->capture_default_str()
        ->needs(data);
    flags.add_option("--threads", request.threads, threads_meaning)->check(whole(0, most_threads));
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

/// What is asked for, or else how the model trains, if that is in few bits.
sk::MatrixStorage storage_of(QuantizeRequest const& request, sk::MatrixStorage const& trained) {
    auto const type = [](std::string const& name, sk::WeightType otherwise) {
        return name.empty() ? otherwise : sk::detail::entry_named(sk::weight_types, name)->type;
    };
    if (request.weights.empty() && trained.plain()) { throw CLI::RequiredError("--weights"); }
    auto const weights = type(request.weights, trained.weights);
    sk::MatrixStorage storage{weights, type(request.head, trained.plain() ? weights : trained.head),
                              request.group.value_or(trained.group)};
    if (!request.group && !storage.scaled()) { storage.group = 0; }
    if (storage.group % sk::bits_per_word != 0) {
        throw CLI::ValidationError("--group",
                                   fmt::format("{} is not a multiple of 64", storage.group));
    }
    if (storage.plain()) {
        throw CLI::ValidationError("--weights",
                                   "f32 changes nothing; choose another type for it or "
                                   "for --head");
    }
    if (storage.group > 0 && !storage.scaled()) {
        throw CLI::ValidationError("--group", "these types have no scales");
    }
    return storage;
}

StoredModel quantized(StoredModel const& from, sk::MatrixStorage const& storage) {
    StoredModel to{from.vocabulary, storage, nullptr, StoredNet(from.net.config)};
    sk::store_as(to.net, storage);
    sk::quantize(*from.numbers, to.net);
    return to;
}

/// Bits per symbol of both models on one text.
struct Comparison {
    double before, after;
};

// The text that models are to be compared on, if there is one.
std::optional<sk::Corpus> corpus_of(QuantizeRequest const& request, StoredModel const& model) {
    if (request.data.empty()) { return {}; }
    sk::Corpus corpus = Source(request.data).corpus(*model.vocabulary);
    check_predictable("--data", corpus);
    return corpus;
}

void heed_stop() {
    if (stop_signal() != 0) { throw Stopped{}; }
}

Comparison compare(StoredModel const& before, StoredModel const& after, sk::Corpus const& corpus,
                   Computer const& computer, Windows const& windows) {
    auto const measure = [&](StoredModel const& model) {
        Evaluator evaluator(computer, model.net);
        auto const watch = [](sk::index, sk::index) { heed_stop(); };
        return evaluator.in_windows(corpus, windows, watch).bits_per_token();
    };
    return {measure(before), measure(after)};
}

double file_bytes(std::string const& path) {
    return static_cast<double>(std::filesystem::file_size(path));
}

void tell(QuantizeRequest const& request, StoredModel const& after,
          std::optional<Comparison> const& bits, Output const& out) {
    sk::MatrixStorage const& storage = after.storage;
    double const bytes = file_bytes(request.out), bytes_before = file_bytes(request.model.path);
    out.say("{:<12} {}", "matrices", text_of(storage));
    out.say("{:<12} {}, was {}", "file", bytes_text(bytes), bytes_text(bytes_before));
    Json json{{"command", "quantize"},
              {"weights", sk::name_of(storage.weights)},
              {"head", sk::name_of(storage.head)},
              {"group", storage.group},
              {"bytes", bytes},
              {"bytes_before", bytes_before}};
    if (bits) {
        out.say("bits per {:<3} {:.4f}, was {:.4f}: {:+.4f}", after.symbol(), bits->after,
                bits->before, bits->after - bits->before);
        json["bpc"] = bits->after;
        json["bpc_before"] = bits->before;
        json["bpc_unit"] = after.symbol();
    }
    out.result(json);
}

// What can go wrong does so before anything is written. Throws Stopped if it is time to stop.
void quantize_model(QuantizeRequest const& request, Output const& out) {
    StoredModel const before = request.data.empty() ? load_stored_model(request.model)
                                                    : load_stored_language(request.model);
    if (!before.numbers) {
        sk::fail(sk::quote(request.model.path),
                 "it is quantized already (" + text_of(before.storage) +
                     "); take the float model that it was made from");
    }
    auto const storage = storage_of(request, before.net.config.trains_as);
    Computer const computer = choose_computer(request.cpu, request.threads);
    check_is_no_input("--out", request.out, request.data);
    check_out(request.out, request.model);
    static_cast<void>(sk::FileWriter(request.out));  // it can be written
    auto const corpus = corpus_of(request, before);
    auto const ctx = trained_context(request.model.path);
    listen_for_stop();
    StoredModel const after = quantized(before, storage);
    std::optional<Comparison> bits;
    if (corpus) {
        sk::index const window = ctx.value_or(128);
        bits = compare(before, after, *corpus, computer,
                       {.ctx = window, .stride = window, .limit = request.limit});
    }
    sk::Metadata notes;
    if (ctx) { notes[context_key] = std::to_string(*ctx); }
    save_model(request.out, after, notes, [](std::size_t) { heed_stop(); });
    tell(request, after, bits, out);
}

int quantize(CLI::App const&, QuantizeRequest const& request) {
    Output const out(request.json);
    try {
        quantize_model(request, out);
    } catch (Stopped const&) {
        out.say("stopped; nothing is written");
        return exit_code_of(stop_signal());
    }
    return 0;
}

}  // namespace

void add_quantize(CLI::App& program, Command& command) {
    add_command<QuantizeRequest>(program, command, "quantize", purpose_of_quantize,
                                 examples_of_quantize, declare, quantize);
}

}  // namespace spikegpt
