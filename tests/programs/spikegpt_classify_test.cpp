// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <spikelet/io/safetensors.hpp>

#include "programs/shell.hpp"
#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_classify_test {

namespace sk = spikelet;

namespace {

// Two classes that a word gives away, which may stand anywhere.
std::string labelled_lines(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
        bool const good = i % 2 == 0;
        lines += good ? "good\t" : "bad\t";
        lines += i % 3 == 0 ? "the film was " : "a ";
        lines += good ? "fine" : "dull";
        lines += i % 5 == 0 ? " story, naïve as ever\n" : " thing\n";
    }
    return lines;
}

/// A classifier of such lines.
struct Classified {
    TemporaryFolder folder;
    std::string train = folder / "train.tsv";
    std::string valid = folder / "valid.tsv";
    std::string model = folder / "model.safetensors";
    Arguments small{"--layers", "1",    "--embd",       "16", "--hidden",       "8",
                    "--lr",     "0.02", "--seed",       "1",  "--threads",      "1",
                    "--batch",  "8",    "--bpe-merges", "40", "--word-dropout", "0"};
    Outcome done{};

    Classified() {
        write_file(train, labelled_lines(120));
        write_file(valid, labelled_lines(30));
        done = spikegpt(learning(model) + Arguments{"--epochs", "6", "--json"});
        REQUIRE_MESSAGE(done.code == 0, done.err);
    }
    [[nodiscard]] Arguments learning(std::string const& out) const {
        return Arguments{"classify", "train", "--data", train, "--valid", valid, "--out", out} +
               small;
    }
};

Classified const& classified() {
    static Classified const classified;
    return classified;
}

}  // namespace

TEST_CASE("spikegpt classify: learns, measures, and answers in order") {
    auto const& c = classified();
    CHECK(c.done.json()["accuracy"].get<double>() == 1.0);
    CHECK(c.done.json()["labels"] == nlohmann::json({"bad", "good"}));

    auto const evaluated = spikegpt(
        {"classify", "eval", "--model", c.model, "--data", c.valid, "--threads", "1", "--json"});
    REQUIRE_MESSAGE(evaluated.code == 0, evaluated.err);
    CHECK(evaluated.json()["confusion"] == nlohmann::json({{15, 0}, {0, 15}}));
    CHECK(evaluated.json()["macro_f1"].get<double>() == 1.0);
    CHECK(evaluated.json()["nats"] == c.done.json()["nats"]);
    CHECK(evaluated.json()["firing_rate"].is_number());

    write_file(c.folder / "lines", "a dull thing\n\nthe film was fine thing\r\na dull story");
    Arguments const ask{"classify", "predict",          "--model",   c.model,
                        "--data",   c.folder / "lines", "--threads", "1"};
    auto const answered = spikegpt(ask);
    CHECK(answered.code == 0);
    CHECK(answered.out.starts_with("bad\tbad="));
    CHECK(std::count(answered.out.begin(), answered.out.end(), '\n') == 4);
    auto const last = spikegpt(ask + Arguments{"--json", "--batch", "3"}).json();
    CHECK(last["label"] == "bad");
    CHECK(last["probabilities"]["bad"].get<double>() > 0.5);
}

TEST_CASE("spikegpt classify: of how many texts only the start is read, people are told") {
    auto const& c = classified();
    std::string long_text = "a";
    for (int i = 0; i < 300; ++i) { long_text += " dull"; }
    write_file(c.folder / "long", long_text + "\na\n" + long_text + "\n");
    write_file(c.folder / "long.tsv", "bad\t" + long_text + "\nbad\ta dull thing\n");
    auto const eval =
        spikegpt({"classify", "eval", "--model", c.model, "--data", c.folder / "long.tsv"});
    CHECK(eval.says("1 text longer than 256 ids, of which the start is read\n"));
    auto const predict =
        spikegpt({"classify", "predict", "--model", c.model, "--data", c.folder / "long"});
    CHECK(predict.err == "2 texts longer than 256 ids, of which the start is read\n");
    CHECK(std::ranges::count(predict.out, '\n') == 3);
}

TEST_CASE("spikegpt classify: a program that waits for an answer gets it before the next line") {
    auto const& c = classified();
    TemporaryFolder folder;
    std::string const pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    int const writer = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(writer >= 0);
    Spikegpt running({"classify", "predict", "--model", c.model, "--threads", "1"}, "",
                     folder / "out", pipe);
    for (int lines = 1; lines <= 2; ++lines) {
        REQUIRE(::write(writer, "a dull thing\na", lines == 1 ? 13 : 14) > 0);
        CHECK(wait_for_lines(folder / "out", lines));
    }
    ::close(writer);
    CHECK(running.wait().code == 0);
    CHECK(std::ranges::count(read_file(folder / "out"), '\n') == 3);  // the last without an end
}

TEST_CASE("spikegpt classify: Ctrl-C ends a program that waits for texts, and says so") {
    auto const& c = classified();
    TemporaryFolder folder;
    std::string const pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    int const writer = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(writer >= 0);
    Spikegpt running({"classify", "predict", "--model", c.model, "--threads", "1"}, "",
                     folder / "out", pipe);
    REQUIRE(::write(writer, "a dull thing\nand half a ", 24) > 0);
    REQUIRE(wait_for_lines(folder / "out", 1));
    running.send(SIGINT);
    auto const stopped = running.wait();
    ::close(writer);
    CHECK(stopped.code == 130);
    CHECK(stopped.complains("stopped; what is answered is whole\n"));
    CHECK(std::ranges::count(read_file(folder / "out"), '\n') == 1);
}

TEST_CASE("spikegpt classify: characters are those of the texts, not of labels and line ends") {
    auto const& c = classified();
    std::string const out = c.folder / "characters.safetensors";
    auto const done =
        spikegpt({"classify", "train",   "--data",   c.train,    "--valid",   c.valid,  "--out",
                  out,        "--vocab", "char",     "--layers", "1",         "--embd", "16",
                  "--hidden", "8",       "--epochs", "1",        "--threads", "1"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    auto const file = sk::SafetensorsFile::open(out);
    auto const vocabulary = nlohmann::json::parse(file.metadata().at("vocabulary"));
    CHECK(vocabulary["symbols"] == " ,adefghilmnorstuvwyï");

    write_file(c.folder / "broken.tsv", "good\tfine\nbad\tna\xefve\n");
    auto const broken = spikegpt({"classify", "train", "--data", c.folder / "broken.tsv", "--valid",
                                  c.valid, "--out", out, "--vocab", "char"});
    CHECK(broken.complains("broken.tsv':2: its text: byte 2 (value 239) is not valid UTF-8"));
}

TEST_CASE("spikegpt classify: a mark at the start of a file belongs to no label") {
    auto const& c = classified();
    std::string const marked = c.folder / "marked.tsv";
    write_file(marked, "\xef\xbb\xbf" + read_file(c.valid));
    auto const eval = [&](std::string const& data) {
        auto const done = spikegpt({"classify", "eval", "--model", c.model, "--data", data});
        CHECK_MESSAGE(done.code == 0, done.err);
        return done.out.substr(done.out.find('\n'));
    };
    CHECK(eval(marked) == eval(c.valid));
}

TEST_CASE("spikegpt classify: starts from a language model, of which layers stay as they are") {
    auto const& c = classified();
    std::string const out = c.folder / "tuned.safetensors";
    Arguments const tune{"classify",    "train",
                         "--data",      c.train,
                         "--valid",     c.valid,
                         "--out",       out,
                         "--init-from", trained_on_bytes().model,
                         "--epochs",    "1",
                         "--threads",   "1"};
    REQUIRE(spikegpt(tune + Arguments{"--freeze", "1", "--layer-lr-decay", "0.5"}).code == 0);
    auto const before = sk::SafetensorsFile::open(trained_on_bytes().model);
    auto const after = sk::SafetensorsFile::open(out);
    auto const same = [&](char const* name) {
        return std::ranges::equal(before.find(name)->bytes, after.find(name)->bytes);
    };
    CHECK(same("emb.weight"));
    CHECK(same("blocks.0.att.value.weight"));
    CHECK(!same("blocks.1.att.value.weight"));
    CHECK(spikegpt(tune + Arguments{"--freeze", "3"})
              .complains("--freeze: 3 is more than the 2 blocks that the model has"));
}

TEST_CASE("spikegpt classify: files that do not fit are refused with their place") {
    auto const& c = classified();
    auto const complaint = [&](std::string const& lines) {
        write_file(c.folder / "wrong.tsv", lines);
        auto const done =
            spikegpt({"classify", "eval", "--model", c.model, "--data", c.folder / "wrong.tsv"});
        CHECK(done.code == 1);
        return done.err;
    };
    auto const says = [](std::string const& text, char const* part) {
        return text.find(part) != std::string::npos;
    };
    CHECK(says(complaint("good\tx\n\nno tab\n"), "wrong.tsv':3: expected label<TAB>text"));
    CHECK(says(complaint("fair\tx\n"), "wrong.tsv':1: the label 'fair' is not one of the model's"));
    CHECK(says(complaint("good\tx\nna\xefve\tx\n"),
               "wrong.tsv':2: its label of 5 bytes is not valid UTF-8"));
    CHECK(says(complaint("good\tx\n\x1b[2J\tx\n"),
               "wrong.tsv':2: its label '\\x1b[2J' has control characters"));
    CHECK(says(complaint("\n\n"), "there are no lines label<TAB>text"));

    // Columns in the wrong order, as often as not.
    std::string swapped;
    for (int i = 0; i < 4097; ++i) { swapped += "text " + std::to_string(i) + "\tgood\n"; }
    write_file(c.folder / "swapped.tsv", swapped);
    auto const many = spikegpt({"classify", "train", "--data", c.folder / "swapped.tsv", "--valid",
                                c.valid, "--out", c.folder / "many.safetensors"});
    CHECK(many.code == 1);
    CHECK(says(many.err, "swapped.tsv': lines label<TAB>text have 4097 different labels, of "
                         "which a classifier tells 4096 apart at most"));
    CHECK(!std::filesystem::exists(c.folder / "many.safetensors"));

    auto const wrong_model = [&](Arguments const& arguments) { return spikegpt(arguments).err; };
    CHECK(says(
        wrong_model({"classify", "eval", "--model", trained_on_bytes().model, "--data", c.valid}),
        "it is no classifier"));
    CHECK(says(wrong_model({"eval", "--model", c.model, "--data", c.valid}), "it is a classifier"));
    CHECK(says(wrong_model(c.learning(c.train)), "--out: "));
    CHECK(wrong_model(c.learning(c.folder / "none/x.safetensors"))
              .starts_with("spikegpt: file: cannot open"));
    CHECK(says(wrong_model({"classify", "train", "--lr", "x"}), "spikegpt classify train --help"));
    CHECK(
        says(wrong_model({"classify"}), "A subcommand is required; see spikegpt classify --help"));
    CHECK(
        says(wrong_model({"classify", "fly"}), "not expected: fly; see spikegpt classify --help"));
    CHECK(says(wrong_model(c.learning(c.folder / "c.pth")), "does not end with .safetensors"));
}

#ifndef SPIKELET_SANITIZED  // sanitizers ask for more memory than there is
TEST_CASE("spikegpt classify: a table of many classes that memory has no room for is an error") {
    auto const& c = classified();
    std::string const lines = c.folder / "many.tsv";
    std::string const model = c.folder / "many.safetensors";
    std::string text;
    for (int i = 0; i < 4096; ++i) { text += std::to_string(i) + "\tword\n"; }
    write_file(lines, text);
    write_file(c.folder / "one.tsv", "7\tword\n");
    auto const done =
        spikegpt({"classify", "train", "--data",    lines,  "--valid",  c.folder / "one.tsv",
                  "--out",    model,   "--vocab",   "byte", "--layers", "1",
                  "--embd",   "8",     "--hidden",  "4",    "--epochs", "1",
                  "--batch",  "256",   "--threads", "1"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    std::string const eval = "ulimit -v 300000; exec " SPIKELET_BINARY_DIR
                             "/bin/spikegpt classify eval --threads 1 --model " +
                             model + " --data " + (c.folder / "one.tsv");
    CHECK(run_in_shell(eval).code == 0);
    auto const refused = run_in_shell(eval + " --json");
    CHECK(refused.code == 1);
    CHECK(refused.says("spikegpt: memory: there is not enough of it\n"));
}
#endif

TEST_CASE("spikegpt info: a classifier's file tells what it is") {
    auto const& c = classified();
    auto const told = spikegpt({"info", "--model", c.model, "--json"});
    REQUIRE_MESSAGE(told.code == 0, told.err);
    auto const json = told.json();
    CHECK(json["model"]["variant"] == "spikegpt");
    CHECK(json["model"]["C"] == 16);
    CHECK(json["labels"] == nlohmann::json({"bad", "good"}));
    CHECK(json["ctx"] == 256);
    CHECK(json["classify_hidden"] == 8);
    CHECK(json["parameters"] == c.done.json()["parameters"]);
    CHECK(json["weight_bytes"] == 4 * c.done.json()["parameters"].get<long>());
    CHECK(json["ids"] == "byte-level BPE");
    CHECK(json["tensors"]["classify_head.out.weight"] == nlohmann::json{2, 8});
    CHECK_FALSE(json["tensors"].contains("head.weight"));
    for (std::string const line :
         {"variant      spikegpt\nlayers       1\n", "\nids          byte-level BPE\n",
          "\nreads        256 ids of a text at most\n", "\nclasses      2: bad, good\n",
          "\nhead         16 x 8 x 2, dropout 0.4\n"}) {
        CAPTURE(line);
        CHECK(told.complains(line));
    }
    auto const twice = spikegpt({"info", "--model", c.model, "--variant", "spikegpt"});
    CHECK(twice.code == 1);
    CHECK(twice.complains("it says itself what it is"));
    std::string const damaged = c.folder / "damaged.safetensors";
    write_file(damaged, read_file(c.model).substr(0, 5000));
    CHECK(spikegpt({"info", "--model", damaged}).code == 1);
}

TEST_CASE("spikegpt classify: Ctrl-C ends it, and leaves the best model so far") {
    auto const& c = classified();
    std::string const out = c.folder / "stopped.safetensors";
    Spikegpt running(c.learning(out) + Arguments{"--epochs", "100000", "--patience", "100000"});
    for (int i = 0; i < 6000 && !std::filesystem::exists(out); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    running.send(SIGINT);
    auto const stopped = running.wait();
    CHECK(stopped.code == 130);
    CHECK(stopped.says("accuracy"));
    CHECK(spikegpt({"classify", "eval", "--model", out, "--data", c.valid}).code == 0);

    // And where there is none yet, a program that listens hears that, too.
    std::string const long_text = c.folder / "long.tsv";
    std::string const errors = c.folder / "errors";
    write_file(long_text, labelled_lines(40000));
    write_file(errors, "");
    Spikegpt early({"classify", "train", "--data", long_text, "--valid", c.valid, "--out",
                    c.folder / "early.safetensors", "--vocab", "byte", "--layers", "1", "--embd",
                    "16", "--batch", "1", "--threads", "1", "--json"},
                   errors);
    REQUIRE(wait_for_lines(errors, 3));
    early.send(SIGINT);
    auto const nothing = early.wait();
    CHECK(nothing.code == 130);
    CHECK(nothing.json()["stopped"] == true);
    CHECK(nothing.json()["epochs"] == 0);
    CHECK(nothing.json()["model"].is_null());
}

}  // namespace spikelet_test::spikegpt_classify_test
