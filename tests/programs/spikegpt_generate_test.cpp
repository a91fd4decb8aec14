// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

#include <spikelet/io/utf8.hpp>

namespace spikelet_test::spikegpt_generate_test {

namespace {

Arguments generate(std::string const& model, std::string const& tokens) {
    return {"generate", "--model", model, "--tokens", tokens};
}

std::string text_of(Arguments const& arguments) {
    auto const done = spikegpt(arguments + Arguments{"--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json()["text"];
}

}  // namespace

TEST_CASE("spikegpt generate: writes a prompt and goes on") {
    auto const done =
        spikegpt(generate(trained_on_bytes().model, "40") + Arguments{"--prompt", "The neuron"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(done.out.starts_with("The neuron"));
    CHECK(done.out.size() > 50);
    CHECK(done.err.empty());
    CHECK(spikelet::valid_utf8_prefix(done.out) == done.out.size());
}

TEST_CASE("spikegpt generate: chance is repeatable") {
    Arguments const some = generate(trained_on_bytes().model, "60");
    CHECK(text_of(some) == text_of(some + Arguments{"--seed", "42"}));
    CHECK(text_of(some) != text_of(some + Arguments{"--seed", "43"}));
    CHECK(text_of(some) == text_of(some + Arguments{"--threads", "2"}));
    std::string const greedy = text_of(some + Arguments{"--greedy"});
    CHECK(greedy == text_of(some + Arguments{"--top-k", "1", "--seed", "5"}));
    CHECK(greedy == text_of(some + Arguments{"--temperature", "0"}));
    CHECK(greedy == text_of(some + Arguments{"--top-p", "0", "--seed", "6"}));
    CHECK(greedy == text_of(some + Arguments{"--rule", "official", "--top-p", "0",
                                             "--newline-top-p", "0", "--seed", "6"}));
}

TEST_CASE("spikegpt generate: a state goes on as if the program had not ended") {
    TemporaryFolder folder;
    std::string const model = trained_on_characters().model;
    Arguments const prompt{"--prompt", "A spike came late, and then it was gone. "};
    std::string const at_once = text_of(generate(model, "50") + prompt);
    std::string const state = folder / "state";
    std::string const first =
        text_of(generate(model, "20") + prompt + Arguments{"--state-out", state});
    std::string const rest = text_of(generate(model, "30") + Arguments{"--state-in", state});
    CHECK(first + rest == at_once);

    // A prompt that is only read, and one in two halves.
    CHECK(text_of(generate(model, "0") + prompt + Arguments{"--state-out", state}).empty());
    CHECK(text_of(generate(model, "50") + Arguments{"--state-in", state}) == at_once);
    text_of(generate(model, "0") + Arguments{"--prompt", "A spike came", "--state-out", state});
    CHECK(text_of(generate(model, "50") + Arguments{"--state-in", state, "--prompt",
                                                    " late, and then it was gone. "}) == at_once);
}

TEST_CASE("spikegpt generate: a state belongs to its model, and must be whole") {
    TemporaryFolder folder;
    std::string const state = folder / "state";
    text_of(generate(trained_on_bytes().model, "5") + Arguments{"--state-out", state});

    auto const other =
        spikegpt(generate(trained_on_characters().model, "5") + Arguments{"--state-in", state});
    CHECK(other.code == 1);
    CHECK(other.complains("the state is of another model: 'V'"));

    std::string damaged = read_file(state);
    damaged[damaged.size() - 10] ^= 1;
    write_file(state, damaged);
    auto const refused = spikegpt(generate(trained_on_bytes().model, "5") +
                                  Arguments{"--state-in", state, "--state-out", folder / "new"});
    CHECK(refused.code == 1);
    CHECK(refused.complains("damaged"));
    CHECK(refused.out.empty());
    CHECK(folder.count() == 1);
}

TEST_CASE("spikegpt generate: a state replaces nothing but a state, which is known at once") {
    TemporaryFolder folder;
    std::string const model = folder / "model";
    write_file(model, read_file(trained_on_bytes().model));
    write_file(folder / "notes", "mine");
    auto const refused = [&](std::string const& state, std::string_view reason) {
        auto const done = spikegpt(generate(model, "5") + Arguments{"--state-out", state});
        CHECK(done.code == 1);
        CHECK_MESSAGE(done.complains(reason), done.err);
        CHECK(done.out.empty());
    };
    refused(folder / "none/state", "none/state': No such file");
    refused(folder / "", "is not the name of a file");
    refused(model, "is a file that is read");
    refused(trained_on_bytes().model, "is there already and is no state of a session");
    refused(folder / "notes", "is there already and is no state of a session");
    CHECK(read_file(folder / "notes") == "mine");
    CHECK(read_file(model) == read_file(trained_on_bytes().model));
    CHECK(folder.count() == 2);
    for (int again = 0; again < 2; ++again) {
        text_of(generate(model, "5") + Arguments{"--state-out", folder / "state"});
    }
}

TEST_CASE("spikegpt generate: characters that the model does not know") {
    auto const done = spikegpt(generate(trained_on_characters().model, "5") +
                               Arguments{"--prompt", "The ω neuron"});
    CHECK(done.code == 0);
    CHECK(
        done.complains("prompt: 1 character, 'ω' first, is not in the vocabulary and read as ' '"));
    CHECK(done.out.starts_with("The ω neuron"));
}

TEST_CASE("spikegpt generate: Ctrl-C ends the text and leaves the state") {
    TemporaryFolder folder;
    Spikegpt program(generate(trained_on_bytes().model, "1000000000") +
                     Arguments{"--state-out", folder / "state", "--json"});
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    program.send(SIGINT);
    auto const stopped = program.wait();
    CHECK(stopped.code == 128 + SIGINT);
    CHECK(stopped.json()["tokens"].get<int>() > 0);
    text_of(generate(trained_on_bytes().model, "5") + Arguments{"--state-in", folder / "state"});
}

TEST_CASE("spikegpt generate: a reader who has had enough does not take the state along") {
    TemporaryFolder folder;
    Pipe pipe;
    Spikegpt program(generate(trained_on_bytes().model, "1000000000") +
                         Arguments{"--state-out", folder / "state"},
                     "", pipe.path());
    pipe.close();
    auto const done = program.wait();
    CHECK(done.code == 1);
    CHECK(done.complains("cannot write to standard output"));
    text_of(generate(trained_on_bytes().model, "5") + Arguments{"--state-in", folder / "state"});
}

TEST_CASE("spikegpt generate: a prompt from standard input has an end") {
    TemporaryFolder folder;
    write_file(folder / "zeros", "");
    std::filesystem::resize_file(folder / "zeros", (std::size_t{64} << 20) + 1);
    Spikegpt program({"generate", "--model", trained_on_bytes().model, "--prompt", "-"}, "", "",
                     folder / "zeros");
    auto const done = program.wait();
    CHECK(done.code == 1);
    CHECK(done.complains("'standard input': what it says has more than 64.0 MiB"));
}

TEST_CASE("spikegpt generate: characters are whole, also across prompt, output and state") {
    TemporaryFolder folder;
    auto const always = [&](char const* byte, char const* tokens, Arguments const& how) {
        return spikegpt(generate(trained_on_bytes().model, tokens) +
                        Arguments{"--logit-bias", byte + std::string("=1000")} + how)
            .out;
    };
    CHECK(always("169", "1", {"--prompt", "caf\xc3"}) == "caf\xc3\xa9\n");
    CHECK(always("120", "1", {"--prompt", "caf\xc3"}) == "caf\ufffdx\n");
    CHECK(always("195", "1", {"--prompt", "caf"}) == "caf\ufffd\n");
    std::string const state = folder / "state";
    CHECK(always("195", "1", {"--prompt", "caf", "--state-out", state}) == "caf\n");
    CHECK(always("169", "1", {"--state-in", state}) == "\xc3\xa9\n");
    // What is held back for a stop comes before what is held back for a character.
    Arguments const until{"--prompt", "caf", "--stop", "\ufffd\ufffd"};
    CHECK(always("195", "2", until) == "caf\n");
    CHECK(always("195", "1", until) == "caf\ufffd\n");
    auto const not_text =
        spikegpt(generate(trained_on_bytes().model, "1") + Arguments{"--stop", "\xff"});
    CHECK(not_text.code == 1);
    CHECK(not_text.complains("--stop: byte 0 (value 255) is not valid UTF-8"));
}

}  // namespace spikelet_test::spikegpt_generate_test
