// SPDX-License-Identifier: MIT
#include <spikelet/io/binidx.hpp>
#include <spikelet/io/binidx_writer.hpp>
#include <spikelet/io/vocabulary_file.hpp>

#include "programs/shell.hpp"
#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_tokenize_test {

namespace {

/// A text, a tokenizer that was learned from it, and ids that it made.
struct Tokenized {
    TemporaryFolder folder;
    std::string text = folder / "text.txt";
    std::string tokenizer = folder / "tokenizer.json";
    std::string ids = folder / "ids";

    Tokenized() {
        write_file(text, sample_text());
        must({"tokenize", "--data", text, "--train-bpe", "40", "--out", tokenizer});
        must({"tokenize", "--data", text, "--vocab", tokenizer, "--out", ids});
    }

    static Outcome must(Arguments const& arguments) {
        auto outcome = spikegpt(arguments);
        REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
        return outcome;
    }

    /// Trains on something; the folder of the run.
    [[nodiscard]] std::string train(std::string const& data, std::string const& name,
                                    Arguments const& more = {}) const {
        must(Arguments{"train", "--data", data, "--vocab", tokenizer, "--out", folder / name,
                       "--steps", "20"} +
             tiny + more);
        return folder / name;
    }
};

Tokenized const& tokenized() {
    static Tokenized const made;
    return made;
}

}  // namespace

TEST_CASE("spikegpt tokenize: ids are those of the library, and an end of text") {
    Tokenized const& made = tokenized();
    auto const vocabulary = spikelet::load_vocabulary(made.tokenizer);
    CHECK(vocabulary.size() == 297);
    auto expected = vocabulary.encode(sample_text());
    expected.push_back(0);
    spikelet::Binidx const file(made.ids);
    CHECK(file.type() == spikelet::BinidxType::uint16);
    CHECK(file.document_entries() == 2);
    CHECK(file.ids(0) == expected);
}

TEST_CASE("spikegpt tokenize: lines of JSON are documents, files of text too") {
    TemporaryFolder folder;
    write_file(folder / "a.jsonl",
               "{\"t\": \"x\\u00e9\", \"n\": 1}\n\n{\"t\": \"\"}\r\n{\"t\": \"yz\"}");
    write_file(folder / "b.txt", "{}");
    auto const result =
        Tokenized::must({"tokenize", "--data", folder / "a.jsonl", folder / "b.txt", "--field", "t",
                         "--vocab", "byte", "--out", folder / "ids", "--json"})
            .json();
    CHECK(result["documents"] == 4);
    CHECK(result["tokens"] == 7);
    spikelet::Binidx const file(folder / "ids.idx");
    CHECK(file.ids(0) == std::vector<std::int32_t>{'x', 0xc3, 0xa9});
    CHECK(file.length(1) == 0);
    CHECK(file.ids(3) == std::vector<std::int32_t>{'{', '}'});
}

TEST_CASE("spikegpt tokenize: it replaces its own files, whatever their name ends with") {
    TemporaryFolder folder;
    write_file(folder / "a.txt", "a spike");
    for (int i = 0; i < 2; ++i) {
        Tokenized::must(
            {"tokenize", "--data", folder / "a.txt", "--vocab", "byte", "--out", folder / "a.bin"});
    }
    CHECK(spikelet::Binidx(folder / "a.bin.bin").length(0) == 7);
}

TEST_CASE("spikegpt tokenize: a model of tokens trains, writes, is measured and goes on") {
    Tokenized const& made = tokenized();
    std::string const run = made.train(made.text, "of_text", {"--valid-fraction", "0.1"});
    std::string const model = run + "/model.safetensors";
    auto const written =
        Tokenized::must({"generate", "--model", model, "--prompt", "The neuron", "--tokens", "30",
                         "--state-out", made.folder / "state", "--json"});
    CHECK(written.json()["tokens"] == 30);
    Tokenized::must({"generate", "--model", model, "--state-in", made.folder / "state"});
    auto const measured =
        Tokenized::must({"eval", "--model", model, "--data", made.text, "--json"});
    CHECK(measured.json()["bpc_unit"] == "token");
    double const bpc = measured.json()["bpc"];
    CHECK(measured.json()["bits_per_byte"].get<double>() < bpc);
    auto const more = Tokenized::must({"train", "--out", run, "--resume", "--steps", "25"});
    CHECK(more.says("297 tokens in the vocabulary"));
}

TEST_CASE("spikegpt tokenize: ids from a file train the model that their text trains") {
    Tokenized const& made = tokenized();
    TemporaryFolder folder;
    Arguments const documents{made.text, folder / "b.txt", folder / "c.txt"};
    write_file(documents[1], "naïve");
    write_file(documents[2], sample_text(20));
    std::string text;
    for (std::string const& path : documents) { text += read_file(path) + "<|endoftext|>"; }
    write_file(folder / "all.txt", text);
    std::string const ids = folder / "ids.idx";
    Tokenized::must(Arguments{"tokenize", "--vocab", made.tokenizer, "--out",
                              ids.substr(0, ids.size() - 4), "--data"} +
                    documents);

    Arguments const all{"--valid-fraction", "0"};
    std::string const by_text = made.train(folder / "all.txt", "by_text", all);
    std::string const by_ids = made.train(ids, "by_ids", all);
    std::string const name = "/model.safetensors";
    CHECK(read_file(by_text + name) == read_file(by_ids + name));
    auto const eval = [&](Arguments const& data) {
        return Tokenized::must(Arguments{"eval", "--model", by_ids + name, "--json", "--data"} +
                               data)
            .json();
    };
    auto const of_ids = eval({ids});
    auto const of_text = eval({folder / "all.txt"});
    for (char const* figure : {"nats", "tokens", "bytes", "characters", "bits_per_byte"}) {
        CAPTURE(figure);
        CHECK(of_ids[figure] == of_text[figure]);
    }
    // Ends of texts are predicted, and are nothing that documents have.
    auto const of_documents = eval(documents);
    CHECK(of_ids["tokens"].get<int>() == of_documents["tokens"].get<int>() + 3);
    CHECK(of_ids["bytes"] == of_documents["bytes"]);
    CHECK(of_ids["characters"] == of_documents["characters"]);
    double const nats = of_ids["nats"];
    double const bytes = of_documents["bytes"];
    CHECK(of_ids["bits_per_byte"].get<double>() == doctest::Approx(nats / std::log(2.0) / bytes));
}

TEST_CASE("spikegpt tokenize: ids that end texts and nothing else have no figures per byte") {
    Tokenized const& made = tokenized();
    TemporaryFolder folder;
    write_file(folder / "empty.jsonl", "{\"text\": \"\"}\n{\"text\": \"\"}\n");
    Tokenized::must({"tokenize", "--vocab", made.tokenizer, "--data", folder / "empty.jsonl",
                     "--out", folder / "ids"});
    std::string const run = made.train(made.text, "of_all_text", {"--valid-fraction", "0"});
    auto const measured = Tokenized::must({"eval", "--model", run + "/model.safetensors", "--data",
                                           folder / "ids.idx", "--json"})
                              .json();
    CHECK(measured["tokens"] == 1);
    CHECK(measured["bytes"] == 0);
    CHECK_FALSE(measured.contains("bits_per_byte"));
    CHECK_FALSE(measured.contains("byte_perplexity"));
}

TEST_CASE(
    "spikegpt tokenize: ids train with the vocabulary that they were made with, and no other") {
    Tokenized const& made = tokenized();
    auto const train = [&](std::string const& data, std::string const& vocabulary) {
        return spikegpt(Arguments{"train", "--data", data, "--vocab", vocabulary, "--out",
                                  made.folder / "none"} +
                        tiny);
    };
    auto const by_bytes = train(made.ids + ".idx", "byte");
    CHECK(by_bytes.code == 1);
    CHECK(by_bytes.complains("and the vocabulary only 256 ids: --vocab says what ids stand for"));
    auto const by_characters = train(made.ids + ".idx", "char");
    CHECK(by_characters.code == 1);
    CHECK(by_characters.complains("has ids; give the vocabulary that they were made with"));
    auto const missing = train(made.text, "no.json");
    CHECK(missing.code == 2);
    CHECK(missing.complains("'no.json' is not one of byte, char, nor a file"));
    auto const strange = train(made.text, made.text);
    CHECK(strange.code == 1);
    CHECK(strange.complains("expected a tokenizer.json"));
}

TEST_CASE("spikegpt train: ids that an index gives another order are another text") {
    TemporaryFolder folder;
    auto const write = [&](bool in_two) {
        spikelet::BinidxWriter writer(folder / "ids", spikelet::BinidxType::uint8);
        std::vector<std::int32_t> const ids(300, 65);
        writer.add(ids);
        if (in_two) { writer.end_document(); }
        writer.add(ids);
        writer.commit();
    };
    write(true);
    std::string const run = folder / "run";
    REQUIRE(spikegpt(Arguments{"train", "--data", folder / "ids.idx", "--vocab", "byte", "--out",
                               run, "--steps", "2"} +
                     tiny)
                .code == 0);
    Arguments const further{"train", "--out", run, "--resume", "--steps", "3"};
    write(false);
    CHECK(spikegpt(further).complains("the text is not that of the run"));
    write(true);
    CHECK(spikegpt(further).code == 0);
}

TEST_CASE("spikegpt tokenize: what is wrong is said, and nothing is written") {
    TemporaryFolder folder;
    std::string const text = folder / "a.txt";
    write_file(text, "text");
    write_file(folder / "bad.jsonl", "{\"text\": \"a\"}\n{\"test\": \"b\"}\n");
    write_file(folder / "mine.bin", "not ids");
    struct Case {
        Arguments arguments;
        int code;
        std::string says;
    };
    Arguments const to_ids{"--vocab", "byte", "--out", folder / "ids"};
    for (Case const& c : {
             Case{{"--data", text, "--out", folder / "ids"},
                  2,
                  "--vocab or --train-bpe is required"},
             Case{Arguments{"--data", text, "--train-bpe", "5"} + to_ids, 2, "--train-bpe"},
             Case{Arguments{"--data", text, "--field", "body"} + to_ids, 2,
                  "--field: it is for .jsonl files"},
             Case{Arguments{"--data", folder / "none"} + to_ids, 1, "No such file"},
             Case{Arguments{"--data", folder / "bad.jsonl"} + to_ids, 1,
                  "line 2 is no JSON object with a text 'text'"},
             Case{{"--data", text, "--vocab", "byte", "--out", folder / "mine"},
                  1,
                  "is there already"},
             Case{{"--data", text, "--train-bpe", "5", "--out", text}, 1, "a file that is read"},
             Case{{"--data", text, "--vocab", "byte", "--out", folder / "no/ids"},
                  1,
                  "No such file"},
         }) {
        auto const done = spikegpt(Arguments{"tokenize"} + c.arguments);
        CAPTURE(done.err);
        CHECK(done.code == c.code);
        CHECK(done.complains(c.says));
        CHECK(folder.count() == 3);
        CHECK(read_file(folder / "mine.bin") == "not ids");
    }
}

TEST_CASE("spikegpt tokenize: a file that grows beyond the user's limit leaves nothing behind") {
    TemporaryFolder folder;
    write_file(folder / "text.txt", sample_text());
    std::string const command = "ulimit -f 1; '" SPIKELET_BINARY_DIR "/bin/spikegpt' tokenize" +
                                (" --data '" + (folder / "text.txt")) + "' --vocab byte --out '" +
                                (folder / "ids") + "'";
    auto const done = run_in_shell(command);
    CHECK(done.code == 1);
    CHECK(done.says("File too large"));
    CHECK(folder.count() == 1);
}

TEST_CASE("spikegpt tokenize: Ctrl-C leaves nothing behind") {
    TemporaryFolder folder;
    std::string text = sample_text(2000);
    while (text.size() < 200'000'000) { text += text; }
    write_file(folder / "long.txt", text);
    Spikegpt program({"tokenize", "--data", folder / "long.txt", "--train-bpe", "100000", "--out",
                      folder / "tokenizer.json"});
    while (folder.count() < 2) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    program.send(SIGINT);
    CHECK(program.wait().code == 130);
    CHECK(folder.count() == 1);
}

}  // namespace spikelet_test::spikegpt_tokenize_test
