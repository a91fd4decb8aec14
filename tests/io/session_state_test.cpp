// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/io/session_state.hpp>
#include <spikelet/models/spikegpt_config.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>
#include <spikelet/nn/linear.hpp>

#include "io/support.hpp"

namespace spikelet_test::session_state_test {

using namespace spikelet;

namespace {

SessionState const example{{1.5f, -0.0f, 3e-40f}, {7, 0, 255}, {42, ~std::uint64_t{0}}};
Metadata const model{{"C", "16"}, {"L", "2"}};

// What loading complains about.
std::string complaint(std::string const& path, Metadata const& expected = model) {
    try {
        static_cast<void>(load_session_state(path, expected));
    } catch (Error const& error) { return error.what(); }
    return "";
}

bool has(std::string const& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("session state: what was saved comes back") {
    TemporaryFolder folder;
    save_session_state(folder / "state", example, model);
    CHECK(load_session_state(folder / "state", model) == example);
    SessionState longer = example;
    longer.window = 64;
    longer.recent = {9, 9, 7, 0, 255};
    CHECK_FALSE(longer == example);
    save_session_state(folder / "state", longer, model);
    CHECK(load_session_state(folder / "state", model) == longer);
    SessionState const nothing{{}, {}, {1, 0}};
    save_session_state(folder / "state", nothing, {});
    CHECK(load_session_state(folder / "state", {}) == nothing);
}

TEST_CASE("session state: words of events come back bit by bit, be they no numbers") {
    TemporaryFolder folder;
    SessionState words = example;
    // Signalling and quiet, with either sign; infinite; denormal.
    for (std::uint32_t const bits : {0x7f800001U, 0xff800001U, 0x7fc00000U, 0xffffffffU,
                                     0x7f800000U, 0x00000001U, 0x80000000U}) {
        words.numbers.push_back(std::bit_cast<float>(bits));
    }
    CHECK(std::isnan(words.numbers[3]));
    save_session_state(folder / "state", words, model);
    auto const again = load_session_state(folder / "state", model);
    CHECK(again == words);
    REQUIRE(again.numbers.size() == words.numbers.size());
    for (std::size_t i = 0; i < words.numbers.size(); ++i) {
        CHECK(std::bit_cast<std::uint32_t>(again.numbers[i]) ==
              std::bit_cast<std::uint32_t>(words.numbers[i]));
    }
}

TEST_CASE("session state: two are the same when all their bits are") {
    SessionState other = example;
    CHECK(other == example);
    other.numbers[1] = 0.0F;  // was -0
    CHECK_FALSE(other == example);
    other = example;
    other.numbers.pop_back();
    CHECK_FALSE(other == example);
    other = example;
    other.unread[0] = 8;
    CHECK_FALSE(other == example);
    other = example;
    other.random.position = 0;
    CHECK_FALSE(other == example);
}

TEST_CASE("session state: another model is refused, and the difference named") {
    TemporaryFolder folder;
    save_session_state(folder / "state", example, model);
    CHECK(has(complaint(folder / "state", {{"C", "16"}, {"L", "3"}}),
              "another model: 'L' was '2', now it is '3'"));
    CHECK(has(complaint(folder / "state", {{"C", "16"}, {"V", "9"}}), "'V' was ''"));
    // What only the file says counts as well.
    CHECK(has(complaint(folder / "state", {{"C", "16"}}), "'L' was '2', now it is ''"));
    // No description fits all.
    CHECK(complaint(folder / "state", {}).empty());
}

TEST_CASE("session state: a key that only unusual models have keeps models apart both ways") {
    TemporaryFolder folder;
    auto const driven = make_config(find_variant("spike_driven"), 16, 1, 8);
    auto other = driven;
    other.output_threshold = other.neuron.threshold;
    save_session_state(folder / "driven", example, metadata(driven));
    save_session_state(folder / "other", example, metadata(other));
    CHECK(has(complaint(folder / "driven", metadata(other)), "'vth_o' was '0.25', now it is ''"));
    CHECK(has(complaint(folder / "other", metadata(driven)), "'vth_o' was '', now it is '0.25'"));
    CHECK(complaint(folder / "other", metadata(other)).empty());
}

TEST_CASE("session state: other weights are refused where they are given") {
    TemporaryFolder folder;
    std::string const path = folder / "state";
    Linear<4, 3> net;
    Rng rng(1);
    net.init(rng);
    auto const refusal = [&] {
        try {
            static_cast<void>(load_session_state(path, model, net));
        } catch (Error const& error) { return std::string(error.what()); }
        return std::string();
    };
    save_session_state(path, example, model, net);
    CHECK(load_session_state(path, model, net) == example);
    CHECK(load_session_state(path, model) == example);
    std::string const before = fingerprint(net);
    net.weight.value()[5] += 1e-6F;
    CHECK(has(refusal(), "the state is of a model with other weights: their fingerprint was '" +
                             before + "', now it is '" + fingerprint(net) + "'"));
    save_session_state(path, example, model);
    CHECK(has(refusal(), "the state does not say of which weights it is"));
    CHECK_THROWS_WITH_AS(save_session_state(path, example, model, Linear<2, 2>{}),
                         "fingerprint: the parameter 'weight' has no numbers yet", Error);
}

TEST_CASE("session state: every changed or missing byte is noticed") {
    TemporaryFolder folder;
    std::string const path = folder / "state";
    Linear<2, 2> net;
    net.weight.allocate();
    save_session_state(path, example, model, net);
    std::string const whole = read_file(path);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
        write_file(path, damaged);
        CHECK_MESSAGE(!complaint(path).empty(), "byte ", i);
        write_file(path, std::string_view(whole).substr(0, i));
        CHECK_MESSAGE(!complaint(path).empty(), "cut at ", i);
    }
}

TEST_CASE("session state: numbers of another type of the same size are refused") {
    TemporaryFolder folder;
    std::string const path = folder / "state";
    save_session_state(path, example, model);
    auto const file = SafetensorsFile::open(path);
    std::vector<StoredTensor> tensors(file.tensors().begin(), file.tensors().end());
    REQUIRE(tensors[0].name == "numbers");
    tensors[0].dtype = Dtype::I32;
    write_safetensors(path, tensors, file.metadata());  // with a checksum that agrees
    CHECK(has(complaint(path), "tensor 'numbers' is I32 [3], expected F32"));

    save_session_state(path, example, model);
    std::string damaged = read_file(path);
    damaged.replace(damaged.find("F32"), 3, "I32");
    write_file(path, damaged);
    CHECK(has(complaint(path), "the checksum does not agree"));
}

TEST_CASE("session state: what is kept of random numbers and of a window has its one size") {
    TemporaryFolder folder;
    std::string const path = folder / "state";
    save_session_state(path, example, model);
    auto const complaint_without_last = [&](char const* name) {
        auto const file = SafetensorsFile::open(path);
        std::vector<StoredTensor> tensors(file.tensors().begin(), file.tensors().end());
        auto const found = std::ranges::find(tensors, name, &StoredTensor::name);
        REQUIRE(found != tensors.end());
        --found->shape[0];
        found->bytes = found->bytes.first(found->bytes.size() - 8);
        write_safetensors(folder / "other", tensors, file.metadata());
        return complaint(folder / "other");
    };
    CHECK(has(complaint_without_last("random"), "state should be two numbers"));
    CHECK(has(complaint_without_last("window"), "recent ids should be one number"));
    SessionState below = example;
    below.window = -1;
    save_session_state(path, below, model);
    CHECK(has(complaint(path), "recent ids should be one number that is not below 0"));
}

TEST_CASE("session state: other files are refused") {
    TemporaryFolder folder;
    std::string const path = folder / "state";
    CHECK(has(complaint(path), "No such file"));
    write_safetensors(path, {}, {{"format", "pt"}});
    CHECK(has(complaint(path), "it is not the state of a session"));
    write_safetensors(path, {}, {{"format", "spikelet.session"}, {"version", "9"}});
    CHECK(has(complaint(path), "version '9'"));
    write_safetensors(path, {}, {{"format", "spikelet.session"}, {"version", "4"}});
    CHECK(has(complaint(path, {}), "there is no tensor"));
}

}  // namespace spikelet_test::session_state_test
