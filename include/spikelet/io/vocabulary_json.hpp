// SPDX-License-Identifier: MIT
// A vocabulary as text, to keep with the model: {"kind":"bytes"},
// {"kind":"characters","symbols":"\n !'abc"} with all symbols in the order of their ids, or what a
// tokenizer says of itself, which vocabulary_file.hpp reads.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/io/vocabulary.hpp>

namespace spikelet {

/// Says what the vocabulary is.
[[nodiscard]] inline std::string to_json(Vocabulary const& vocabulary) {
    if (auto const* const tokenizer = vocabulary.tokenizer()) { return tokenizer->to_json(); }
    auto json = nlohmann::ordered_json::object();
    json["kind"] = vocabulary.is_bytes() ? "bytes" : "characters";
    if (!vocabulary.is_bytes()) { json["symbols"] = vocabulary.symbols(); }
    return json.dump();
}

/// Reads what `to_json` wrote of bytes and characters. Throws Error.
[[nodiscard]] inline Vocabulary vocabulary_from_json(std::string_view text) {
    auto const json = parse_json("vocabulary", text);
    if (!json.is_object()) { fail("vocabulary", "expected a JSON object"); }
    auto const kind = json.find("kind");
    if (kind == json.end() || (*kind != "bytes" && *kind != "characters")) {
        fail("vocabulary", R"(expected the kind "bytes" or "characters")");
    }
    if (*kind == "bytes") { return Vocabulary::bytes(); }
    auto const symbols = json.find("symbols");
    if (symbols == json.end() || !symbols->is_string()) {
        fail("vocabulary", "expected symbols, a text");
    }
    return Vocabulary::of_symbols(symbols->get_ref<std::string const&>());
}

}  // namespace spikelet
