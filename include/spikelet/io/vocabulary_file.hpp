// SPDX-License-Identifier: MIT
// Vocabularies in files of other programs, told apart by what is in them:
//   tokenizer.json of Hugging Face: a byte-level BPE
//   {"0": "\n", "1": " ", ...}: SpikeGPT's characters by id, as UTF-8 or UTF-16 with a mark
//   lines such as 258 '\t\t' 2: RWKV's world vocabulary
// and in the metadata of a model, which keeps all of its vocabulary.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/byte_bpe.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/io/tokenizer_json.hpp>
#include <spikelet/io/utf8.hpp>
#include <spikelet/io/vocabulary.hpp>
#include <spikelet/io/vocabulary_json.hpp>
#include <spikelet/io/world_tokenizer.hpp>

namespace spikelet {

namespace detail {

// Text with a byte-order mark as UTF-8 without; other text as it is.
inline std::string without_mark(std::string_view text) {
    bool const little = text.starts_with("\xff\xfe");
    if (!little && !text.starts_with("\xfe\xff")) {
        return std::string(text.substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0));
    }
    auto const unit = [&](std::size_t i) {
        auto const low = static_cast<unsigned char>(text[i + (little ? 0 : 1)]);
        auto const high = static_cast<unsigned char>(text[i + (little ? 1 : 0)]);
        return static_cast<char32_t>(high << 8 | low);
    };
    std::string made;
    for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
        char32_t c = unit(i);
        bool const is_first = c >= 0xd800 && c < 0xdc00 && i + 3 < text.size();
        if (is_first && unit(i + 2) >= 0xdc00 && unit(i + 2) < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
            i += 2;
        }
        append_utf8(made, c);
    }
    return made;
}

inline Vocabulary characters_by_id(nlohmann::json const& json) {
    std::string symbols;
    for (std::size_t id = 0; id < json.size(); ++id) {
        auto const found = json.find(std::to_string(id));
        std::string_view text;
        if (found != json.end() && found->is_string()) {
            text = found->get_ref<std::string const&>();
        }
        if (first_utf8(text).ending != Utf8Ending::complete ||
            first_utf8(text).length != text.size()) {
            fail("vocabulary", "there is no character under the id " + std::to_string(id));
        }
        symbols += text;
    }
    return Vocabulary::of_symbols(symbols);
}

inline Vocabulary vocabulary_of_bpe(nlohmann::json const& json) {
    return Vocabulary::of_tokens(std::make_shared<ByteBpe>(bpe_model_from_json(json)));
}

inline Vocabulary vocabulary_of_lines(std::string lines) {
    return Vocabulary::of_tokens(std::make_shared<WorldTokenizer>(std::move(lines)));
}

}  // namespace detail

/// The vocabulary of a file's content. Throws Error if it is none.
[[nodiscard]] inline Vocabulary parse_vocabulary(std::string_view content) {
    std::string text = detail::without_mark(content);
    std::size_t const start = text.find_first_not_of(" \t\r\n");
    char const first = start == text.npos ? '\0' : text[start];
    if (first >= '0' && first <= '9') { return detail::vocabulary_of_lines(std::move(text)); }
    auto const json = parse_json("vocabulary", text);
    if (!json.is_object()) {
        fail("vocabulary",
             "expected a tokenizer.json, characters by id as JSON, or lines of an id, "
             "a token and its length");
    }
    return json.contains("0") ? detail::characters_by_id(json) : detail::vocabulary_of_bpe(json);
}

/// The vocabulary of a file. Throws Error if it cannot be read or is none.
[[nodiscard]] inline Vocabulary load_vocabulary(std::string path) {
    MappedFile const file(std::move(path));
    try {
        return parse_vocabulary(file.text());
    } catch (Error const& error) { fail(quote(file.path()), error.what()); }
}

/// Reads what `to_json` wrote of any vocabulary. Throws Error.
[[nodiscard]] inline Vocabulary any_vocabulary_from_json(std::string_view text) {
    auto const json = parse_json("vocabulary", text);
    if (auto const kind = json.find("kind"); kind != json.end()) {
        auto const tokenizer = json.find("tokenizer");
        if (*kind == "bpe" && tokenizer != json.end()) {
            return detail::vocabulary_of_bpe(*tokenizer);
        }
        auto const lines = json.find("lines");
        if (*kind == "world" && lines != json.end() && lines->is_string()) {
            return detail::vocabulary_of_lines(lines->get<std::string>());
        }
    }
    return vocabulary_from_json(text);
}

}  // namespace spikelet
