// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <spikelet/io/vocabulary_json.hpp>

namespace spikelet_test::vocabulary_json_test {

using namespace spikelet;

TEST_CASE("vocabulary_json: a vocabulary survives being text") {
    Vocabulary const characters = Vocabulary::of_symbols(std::string_view("\0\n \"\\aä€😀", 15));
    CHECK(vocabulary_from_json(to_json(characters)) == characters);
    CHECK(vocabulary_from_json(to_json(Vocabulary::bytes())) == Vocabulary::bytes());
}

TEST_CASE("vocabulary_json: the text is what the documentation says") {
    CHECK(to_json(Vocabulary::bytes()) == R"({"kind":"bytes"})");
    CHECK(to_json(Vocabulary::of_symbols("\n ab")) == R"({"kind":"characters","symbols":"\n ab"})");
}

TEST_CASE("vocabulary_json: what is no vocabulary is refused") {
    auto const complaint = [](std::string const& text) -> std::string {
        try {
            static_cast<void>(vocabulary_from_json(text));
        } catch (Error const& error) { return error.what(); }
        return {};
    };
    std::string const no_object = "vocabulary: expected a JSON object";
    std::string const no_kind = R"(vocabulary: expected the kind "bytes" or "characters")";
    std::string const no_symbols = "vocabulary: expected symbols, a text";
    CHECK(complaint("") == no_object);
    CHECK(complaint("{") == no_object);
    CHECK(complaint("[]") == no_object);
    CHECK(complaint(std::string(100'000, '[')) ==
          "vocabulary: its JSON is nested more than 64 deep");
    CHECK(complaint("{}") == no_kind);
    CHECK(complaint(R"({"kind":7})") == no_kind);
    CHECK(complaint(R"({"kind":"bpe"})") == no_kind);
    CHECK(complaint(R"({"kind":"characters"})") == no_symbols);
    CHECK(complaint(R"({"kind":"characters","symbols":["a"]})") == no_symbols);
    CHECK(complaint(R"({"kind":"characters","symbols":"ba"})") ==
          "vocabulary: its symbols should be characters in ascending order");
}

}  // namespace spikelet_test::vocabulary_json_test
