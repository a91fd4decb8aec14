// SPDX-License-Identifier: MIT
// Mistakes: each ends in one line that names it, a code of its kind, and nothing half-written.
#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_usage_test {

namespace {

struct Mistake {
    Arguments arguments;
    int code;
    std::string message;
};

void check(Mistake const& mistake) {
    std::string words;
    for (auto const& word : mistake.arguments) { words += " " + word; }
    auto const done = spikegpt(mistake.arguments);
    INFO("spikegpt", words, " said: ", done.err);
    CHECK(done.code == mistake.code);
    CHECK(done.complains(mistake.message));
    CHECK(done.err.starts_with("spikegpt: "));
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
    CHECK(done.out.empty());
}

// A safetensors file of no tensors with this in its metadata.
std::string safetensors_of(std::string const& metadata) {
    std::string const header = "{\"__metadata__\":{" + metadata + "}}";
    std::string file(8, '\0');
    file[0] = static_cast<char>(header.size());
    return file + header;
}

}  // namespace

TEST_CASE("spikegpt: help for each subcommand, with examples") {
    CHECK(spikegpt({"--help"}).out.find("train") != std::string::npos);
    CHECK(spikegpt({"--version"}).out.starts_with("spikegpt "));
    for (std::string const command : {"train", "generate", "eval", "info", "quantize", "convert"}) {
        auto const help = spikegpt({command, "--help"});
        CHECK(help.code == 0);
        CHECK(help.says("Examples:\n  spikegpt " + command));
    }
    auto const train = spikegpt({"train", "--help"});
    CHECK(train.says("46m 12x512"));
    CHECK(train.says("(required but with --resume)"));
}

TEST_CASE("spikegpt: flags that do not exist or do not fit") {
    std::string const text = trained_on_bytes().text;
    std::string const model = trained_on_bytes().model;
    TemporaryFolder folder;
    Arguments const train{"train", "--data", text, "--out", folder / "run"};
    Arguments const generate{"generate", "--model", model};
    Arguments const spikes{"spikes", "--model", model, "--data", text};
    std::string const endless(5000, 'a');
    std::vector<Mistake> const mistakes{
        {{}, 2, "subcommand"},
        {{"fly"}, 2, "fly"},
        {{"--bogus"}, 2, "not expected: --bogus; see spikegpt --help"},
        {train + Arguments{"--frobnicate"}, 2, "--frobnicate; see spikegpt train --help"},
        {{"info", "--bogus", "3"}, 2, "not expected: --bogus 3; see spikegpt info --help"},
        {{"train", "--out", folder / "run"}, 2, "--data is required"},
        {{"train", "--data", text}, 2, "--out is required"},
        {train + Arguments{"--embd", "0"}, 2, "--embd: '0' is not a whole number from 1"},
        {train + Arguments{"--embd", "-64"}, 2, "--embd: '-64'"},
        {train + Arguments{"--embd", "1e3"}, 2, "--embd: '1e3'"},
        {train + Arguments{"--layers", "99999999999999999999"}, 2, "--layers"},
        {train + Arguments{"--batch", "many"}, 2, "--batch: 'many'"},
        {train + Arguments{"--lr", "nan"}, 2, "--lr: 'nan'"},
        {train + Arguments{"--dropout", "1"}, 2, "--dropout"},
        {train + Arguments{"--epsilon", "0"}, 2, "--epsilon: '0' is not a number from 1e-30 to 1"},
        {train + Arguments{"--variant", "gpt"}, 2, "'gpt' is not one of vanilla_rwkv"},
        {train + Arguments{"--size", "huge"}, 2, "'huge' is not one of nano, tiny, 46m"},
        {train + Arguments{"--size", "nano", "--embd", "3"}, 2, "excludes"},
        {train + Arguments{"--steps", "5", "--minutes", "1"}, 2, "excludes"},
        {train + Arguments{"--valid", text, "--valid-fraction", "0.1"}, 2, "excludes"},
        {train + Arguments{"--steps"}, 2, "--steps needs a value: --steps N"},
        {train + Arguments{"--lr"}, 2, "--lr needs a value: --lr X"},
        {train + Arguments{"--vocab"}, 2, "--vocab needs a value: --vocab NAME"},
        {train + Arguments{"--vocab", endless}, 2, "aaa...' is not one of byte, char, nor a file"},
        {{"train", "--data", text, "--out", endless},
         1,
         "--out: '" + endless.substr(0, 120) + "...'"},
        {train + Arguments{"--resume", "--force"}, 2, "excludes"},
        {generate + Arguments{"--tokens", "-1"}, 2, "--tokens"},
        {generate + Arguments{"--top-p", "1.5"}, 2, "--top-p"},
        {generate + Arguments{"--greedy", "--top-k", "3"}, 2, "excludes"},
        {generate + Arguments{"--greedy", "--samples", "3"}, 2, "excludes"},
        {generate + Arguments{"--temperature", "0", "--samples", "3"}, 2, "are the same text"},
        {generate + Arguments{"--state-out", "s", "--samples", "3"}, 2, "excludes"},
        {generate + Arguments{"--penalty-window", "9"}, 2, "no penalty, and no --state-out"},
        {generate + Arguments{"--logit-bias", "e"}, 2, "'e' should be ID=X"},
        {generate + Arguments{"--ban", "256"}, 1, "--ban: 256 is not an id, there are 256"},
        {generate + Arguments{"--ban", "ee"}, 1, "'ee' is not the text of one id"},
        {generate + Arguments{"--stop", ""}, 2, "--stop"},
        {generate + Arguments{"--prompts", folder / "none"}, 1, "none': No such file"},
        {{"generate"}, 2, "--model is required"},
        {{"eval", "--model", model}, 2, "--data is required"},
        {{"eval", "--model", model, "--data", text, "--ctx", "8", "--stride", "9"}, 2, "--stride"},
        {{"eval", "--model", model, "--data", text, "--mode", "stream", "--stride", "9"},
         2,
         "--stride: a stream has none"},
        {{"eval", "--model", model, "--data", text, "--mode", "stream", "--batch", "9"},
         2,
         "--batch: a stream has none"},
        {spikes + Arguments{"--site", "emb"}, 2, "--site: it is for --raster and --dots"},
        {spikes + Arguments{"--length", "9"}, 2, "--length: it is for --raster and --dots"},
        {spikes + Arguments{"--neurons", "9"}, 2, "--neurons: it is for --raster and --dots"},
        {{"info"}, 2, "--model, --size or --cpu is required"},
        {{"info", "--variant", "spikegpt", "--model", model}, 1, "says itself what it is"},
        {{"info", "--size", "tiny", "--model", model}, 2, "excludes"}};
    for (auto const& mistake : mistakes) { check(mistake); }
    CHECK(folder.count() == 0);
}

TEST_CASE("spikegpt: texts and folders that cannot be used") {
    TemporaryFolder folder;
    write_file(folder / "empty", "");
    write_file(folder / "short", "four");
    write_file(folder / "one", "1");
    write_file(folder / "caf\xe9", sample_text());
    write_file(folder / "latin", "caf\xe9 au lait, and so on, and so forth\n");
    std::string const text = trained_on_bytes().text;
    std::string const out = folder / "run";
    auto const train = [&](std::string const& data) {
        return Arguments{"train", "--data", data, "--out", out, "--steps", "2"} + tiny;
    };
    std::vector<Mistake> const mistakes{
        {train(folder / "none"), 1, "none': No such file"},
        {train(folder / ""), 1, "is a directory"},
        {train(folder / "empty"), 1, "there is no text in it"},
        {train(folder / "short"), 1, "short' has 4 ids, --ctx 16 needs at least 17"},
        {train(text) + Arguments{"--valid", folder / "one"}, 1, "one' has 1 id, too few"},
        {train(folder / "latin") + Arguments{"--vocab", "char"}, 1, "byte 3 (value 233)"},
        {train(folder / "caf\xe9"), 1, "is not valid UTF-8"},
        {train(text) + Arguments{"--seed", "010"}, 2, "'010' begins with a zero"},
        {train(text) + Arguments{"--valid", folder / "none"}, 1, "No such file"},
        {train(text) + Arguments{"--valid", folder / "empty"}, 1, "there is no text in it"},
        {train(text) + Arguments{"--valid-fraction", "0.0001"}, 1, "--valid-fraction"},
        {train(text) + Arguments{"--init-from", folder / "none"}, 2, "excludes"},
        {train(text) + Arguments{"--event-cost", "0.5"}, 1,
         "--event-cost: this model has no events"},
        {train(text) + Arguments{"--events", "sparse"}, 1, "--events: this model has no events"},
        {train(text) + Arguments{"--variant", "event_driven", "--threshold", "0.5"}, 1,
         "--threshold: this model has no LIF neurons"},
        {train(text) + Arguments{"--variant", "vanilla_rwkv", "--threshold", "0.5"}, 1,
         "--threshold: this model has no LIF neurons"},
        {train(text) + Arguments{"--valid-fraction", "0", "--eval-every", "5"}, 1,
         "--eval-every: there is no text to validate on"},
        {train(text) + Arguments{"--schedule", "constant", "--lr-final", "1e-4"}, 1,
         "--lr-final: the schedule is constant; its rate is --lr"},
        {{"train", "--data", text, "--out", out, "--init-from", text, "--dropout", "0.1"},
         2,
         "--dropout excludes --init-from"},
        {{"train", "--data", text, "--out", out, "--init-from", folder / "short"}, 1, "short"},
        {{"train", "--data", text, "--out", out, "--minutes", "1", "--schedule", "official"},
         1,
         "give --steps"},
        {{"train", "--data", text, "--out", folder / "empty", "--steps", "2"}, 1, "empty"},
        {{"train", "--data", text, "--out", "/proc/none/run", "--steps", "2"}, 1, "/proc/none/run"},
        {{"train", "--data", text, "--out", out, "--layers", "1024", "--embd", "16384"},
         1,
         "this machine has"}};
    for (auto const& mistake : mistakes) { check(mistake); }
    CHECK(folder.count() == 5);
}

TEST_CASE("spikegpt: files that are no models") {
    TemporaryFolder folder;
    std::string const whole = read_file(trained_on_bytes().model);
    std::string const path = folder / "model";
    std::vector<std::pair<std::string, std::string>> const files{
        {"", "not a safetensors file"},
        {"hello", "not a safetensors file"},
        {std::string(100, '\xff'), "not a safetensors file"},
        {whole.substr(0, whole.size() / 2), "but the file has only"},
        {whole.substr(0, whole.size() - 1), "but the file has only"},
        {safetensors_of(""), "it does not say which variant it is"},
        {safetensors_of(R"("variant":"\"spikegpt\"","L":"0","C":"8","V":"256")"), "'L' is 0"},
        {safetensors_of(R"("variant":"\"spikegpt\"","L":"4000000000","C":"8","V":"256")"), "'L'"},
        {safetensors_of(R"("variant":"\"spikegpt\"","L":"x","C":"8","V":"256")"), "'L' is x"}};
    for (auto const& [content, message] : files) {
        write_file(path, content);
        check({{"generate", "--model", path}, 1, message});
        check({{"eval", "--model", path, "--data", path}, 1, message});
        check({{"info", "--model", path}, 1, message});
    }
    // Files of other kinds that this program writes.
    std::string const resume = trained_on_bytes().run + "/resume.safetensors";
    auto const state =
        spikegpt({"generate", "--model", trained_on_bytes().model, "--state-out", path + ".state"});
    REQUIRE_MESSAGE(state.code == 0, state.err);
    check({{"generate", "--model", path + ".state"}, 1, "it is what --state-in reads"});
    check({{"info", "--model", resume}, 1, "resume.safetensors': it is what --resume reads"});
    check({{"generate", "--model", resume}, 1, "beside it, '" + trained_on_bytes().model + "'"});
    check({{"train", "--data", trained_on_bytes().text, "--out", folder / "run", "--init-from",
            resume},
           1,
           "it is what --resume reads"});
    check({{"generate", "--model", folder / "none"}, 1, "No such file"});
    check({{"generate", "--model", folder / ""}, 1, "is a directory"});
    CHECK(folder.count() == 2);
}

TEST_CASE("spikegpt: a full disk is noticed") {
    for (Arguments const& words :
         {Arguments{"generate", "--model", trained_on_bytes().model, "--tokens", "10"},
          Arguments{"--version"}, Arguments{"--help"}, Arguments{"train", "--help"}}) {
        auto const done = Spikegpt(words, "", "/dev/full").wait();
        CHECK(done.code == 1);
        CHECK(done.complains("cannot write to standard output"));
    }
}

}  // namespace spikelet_test::spikegpt_usage_test
