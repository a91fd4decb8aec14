// SPDX-License-Identifier: MIT
// spikegpt tokenize: text becomes ids in files, once for many trainings; or a tokenizer is learned.
#include <algorithm>
#include <optional>

#include <spikelet/io/binidx_writer.hpp>
#include <spikelet/io/bpe_trainer.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/vocabulary_file.hpp>

#include "command.hpp"
#include "documents.hpp"
#include "flags.hpp"
#include "language_model.hpp"
#include "out_file.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "stop.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_tokenize = "Turns text into ids, or learns a tokenizer";
constexpr char const* examples_of_tokenize =
    "  spikegpt tokenize --data book.txt --train-bpe 4000 --out tokenizer.json\n"
    "  spikegpt tokenize --data book.txt --vocab tokenizer.json --out book   book.bin, book.idx\n"
    "  spikegpt tokenize --data a.jsonl b.jsonl --field content --vocab 20B_tokenizer.json --out "
    "c\n"
    "  spikegpt train --data book.idx --vocab tokenizer.json --out runs/book";

// Text is taken in parts of about this many bytes.
constexpr std::size_t portion = 1 << 20;

struct TokenizeRequest {
    std::vector<std::string> data;
    std::string field = "text";
    std::string vocab;
    std::optional<sk::index> train_bpe;
    std::string out;
    bool json = false;
};

void declare(CLI::App& flags, TokenizeRequest& request) {
    flags
        .add_option("--data", request.data,
                    "Documents: files of text, and .jsonl files with a document in each line")
        ->type_name("FILE...")
        ->required();
    flags.add_option("--field", request.field, "Key of the text in lines of .jsonl files")
        ->capture_default_str();
    auto* const vocab = flags.add_option("--vocab", request.vocab, "What ids stand for");
    vocab->check(vocabulary_name("byte"));
    flags
        .add_option("--train-bpe", request.train_bpe,
                    "Learn a byte-level BPE of so many merges instead")
        ->check(whole(0, 1'000'000))
        ->excludes(vocab);
    flags
        .add_option("--out", request.out,
                    "Beginning of the names of the .bin and the .idx file; or the tokenizer.json")
        ->type_name("PREFIX")
        ->required();
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

void check_tokenize_flags(CLI::App const& flags, TokenizeRequest const& request) {
    if (request.vocab.empty() && !request.train_bpe) {
        throw CLI::RequiredError("--vocab or --train-bpe");
    }
    if (flags.count("--field") > 0 && std::ranges::none_of(request.data, Documents::is_in_lines)) {
        throw CLI::ValidationError("--field", "it is for .jsonl files, and --data has none");
    }
}

/// Throws Error if `path` is a file that is read, or there already and no `kind` of file, which
/// `open` finds.
template <class Open>
void check_out(std::string const& path, TokenizeRequest const& request, std::string_view kind,
               Open&& open) {
    check_is_no_input("--out", path, request.data);
    check_is_no_input("--out", path, {request.vocab});
    check_replaces_only("--out", path, kind, [&] {
        open();
        return true;
    });
}

/// Says how far the work is, and ends it when Ctrl-C asks for it.
class ReadingWatch {
public:
    explicit ReadingWatch(Documents const& documents)
        : all_(static_cast<double>(documents.bytes())) {}

    /// Throws Stopped if it is time to stop.
    void at(sk::index bytes) {
        if (stop_signal() != 0) { throw Stopped{}; }
        if (!progress_.due()) { return; }
        auto const done = static_cast<double>(bytes);
        progress_.show({{fmt::format("{} of {}", bytes_text(done), bytes_text(all_))},
                        {fmt::format("{}/s", bytes_text(done / watch_.seconds())), 1}});
    }
    void at_merge(sk::index done, sk::index all) {
        if (stop_signal() != 0) { throw Stopped{}; }
        if (progress_.due()) { progress_.show({{fmt::format("{} of {} merges", done, all)}}); }
    }

    [[nodiscard]] double seconds() const { return watch_.seconds(); }

private:
    ProgressLine progress_{2.0};
    Stopwatch watch_;
    double all_;
};

int write_ids(TokenizeRequest const& request, Output const& out) {
    auto const vocabulary =
        request.vocab == "byte" ? sk::Vocabulary::bytes() : sk::load_vocabulary(request.vocab);
    Documents const documents(request.data, request.field);
    for (char const* ending : {".bin", ".idx"}) {
        check_out(request.out + ending, request, "file of ids",
                  [&] { static_cast<void>(sk::Binidx(request.out + ".bin")); });
    }
    bool const is_short = vocabulary.size() <= 0x10000;
    sk::BinidxWriter writer(request.out, is_short ? sk::BinidxType::uint16 : sk::BinidxType::int32);
    ReadingWatch watch(documents);
    documents.for_each([&](std::string_view text, sk::index before) {
        sk::index taken = 0;
        auto const add = [&](std::span<std::int32_t const> ids, std::size_t bytes) {
            writer.add(ids);
            taken += static_cast<sk::index>(bytes);
            watch.at(before + taken);
        };
        vocabulary.encode_in_portions(text, add, portion);
        if (auto const end = vocabulary.end_of_text()) { writer.add({&*end, 1}); }
        writer.end_document();
    });
    writer.commit();
    out.say("{}, {}, {} of text", counted(writer.documents(), "document"),
            counted(writer.size(), "id"), bytes_text(static_cast<double>(documents.bytes())));
    out.say("{0}.bin, {0}.idx", request.out);
    out.result({{"command", "tokenize"},
                {"documents", writer.documents()},
                {"tokens", writer.size()},
                {"bytes", documents.bytes()},
                {"vocabulary", vocabulary.size()},
                {"seconds", watch.seconds()}});
    return 0;
}

int learn_bpe(TokenizeRequest const& request, Output const& out) {
    Documents const documents(request.data, request.field);
    check_out(request.out, request, "tokenizer",
              [&] { static_cast<void>(sk::load_vocabulary(request.out)); });
    sk::FileWriter file(request.out);
    sk::BpeTrainer trainer;
    ReadingWatch watch(documents);
    documents.for_each([&](std::string_view text, sk::index before) {
        sk::take_in_portions(text, portion, [&](std::string_view part, bool ends) {
            std::size_t const taken = trainer.add(part, ends);
            before += static_cast<sk::index>(taken);
            watch.at(before);
            return taken;
        });
    });
    while (trainer.merges() < *request.train_bpe && trainer.learn()) {
        watch.at_merge(trainer.merges(), *request.train_bpe);
    }
    file.write(sk::tokenizer_json(trainer.model(), 2) + "\n");
    file.commit();
    out.say("{} of {}, {} in all", counted(trainer.merges(), "merge"),
            bytes_text(static_cast<double>(documents.bytes())),
            counted(std::ssize(trainer.model().tokens), "token"));
    out.say("{}", request.out);
    out.result({{"command", "tokenize"},
                {"merges", trainer.merges()},
                {"bytes", documents.bytes()},
                {"vocabulary", trainer.model().tokens.size()},
                {"seconds", watch.seconds()}});
    return 0;
}

int tokenize(CLI::App const& flags, TokenizeRequest const& request) {
    check_tokenize_flags(flags, request);
    Output const out(request.json);
    listen_for_stop();
    try {
        return request.train_bpe ? learn_bpe(request, out) : write_ids(request, out);
    } catch (Stopped const&) {
        out.say("stopped; nothing is written");
        return exit_code_of(stop_signal());
    }
}

}  // namespace

void add_tokenize(CLI::App& program, Command& command) {
    add_command<TokenizeRequest>(program, command, "tokenize", purpose_of_tokenize,
                                 examples_of_tokenize, declare, tokenize);
}

}  // namespace spikegpt
