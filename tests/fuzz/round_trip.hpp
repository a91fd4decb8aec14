// SPDX-License-Identifier: MIT
// What tokenizers promise of any bytes: they come back, in whatever pieces they come.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/io/byte_bpe.hpp>
#include <spikelet/io/nfc.hpp>
#include <spikelet/io/vocabulary.hpp>
#include <spikelet/io/world_tokenizer.hpp>

#include "io/tokens.hpp"

namespace spikelet_test::fuzz {

namespace sk = spikelet;

inline sk::BpeModel small_bpe() {
    auto model = bytes_with_merges({{'t', 'h'}, {256, 'e'}, {' ', 257}});
    model.tokens.emplace_back("<e>");
    model.added.push_back({259, "<e>", true, false});
    model.nfc = true;
    return model;
}

/// Lines of a small world vocabulary.
inline std::string world_lines() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string lines;
    for (std::size_t byte = 0; byte < 256; ++byte) {
        lines +=
            std::to_string(byte + 1) + " b'\\x" + digits[byte / 16] + digits[byte % 16] + "' 1\n";
    }
    return lines + "257 '\\t\\t' 2\n258 b'\\xe2\\x80' 2\n259 ' the' 4\n260 '\xe2\x82\xac' 3\n";
}

struct NamedVocabulary {
    std::string name;
    sk::Vocabulary vocabulary;
};

/// One of each kind that takes any bytes.
inline std::vector<NamedVocabulary> exact_tokenizers() {
    sk::BpeModel plain = small_bpe();
    plain.nfc = false;
    sk::BpeModel lacking = small_bpe();
    lacking.tokens[0xf6] = "no byte";
    auto const bpe = [](sk::BpeModel model) {
        return sk::Vocabulary::of_tokens(std::make_shared<sk::ByteBpe>(std::move(model)));
    };
    return {
        {"bytes", sk::Vocabulary::bytes()},
        {"bpe", bpe(plain)},
        {"bpe, NFC", bpe(small_bpe())},
        {"bpe, NFC, a byte without an id", bpe(std::move(lacking))},
        {"world", sk::Vocabulary::of_tokens(std::make_shared<sk::WorldTokenizer>(world_lines()))}};
}

/// What is UTF-8 of these bytes in form C, and the rest as it is.
inline std::string normalised(std::string_view bytes) {
    std::string made;
    std::string memory;
    while (!bytes.empty()) {
        std::size_t const valid = sk::valid_utf8_prefix(bytes);
        made += sk::to_nfc(bytes.substr(0, valid), memory);
        bytes.remove_prefix(valid);
        std::size_t const broken = bytes.empty() ? 0 : sk::first_utf8(bytes).length;
        made += bytes.substr(0, broken);
        bytes.remove_prefix(broken);
    }
    return made;
}

/// U+FFFD for what the vocabulary has no id for, among the bytes that are nowhere in UTF-8.
inline std::string as_known(sk::Vocabulary const& vocabulary, std::string_view bytes) {
    std::array<bool, 256> lacks{};
    for (std::size_t const byte : {0xc0U, 0xc1U, 0xf5U, 0xf6U, 0xf7U, 0xf8U, 0xf9U, 0xfaU, 0xfbU,
                                   0xfcU, 0xfdU, 0xfeU, 0xffU}) {
        std::string const text(1, static_cast<char>(byte));
        lacks[byte] = vocabulary.decode(vocabulary.encode(text)) != text;
    }
    std::string made;
    for (char const c : bytes) {
        if (lacks[static_cast<unsigned char>(c)]) {
            made += "\xef\xbf\xbd";
        } else {
            made += c;
        }
    }
    return made;
}

/// Whether what came back is what was given, NFC and bytes without an id apart.
inline bool same_text(sk::Vocabulary const& vocabulary, std::string_view given,
                      std::string_view back) {
    return given == back || normalised(as_known(vocabulary, given)) == normalised(back);
}

/// Whether the ids of a text stand for it, and are the same when it comes in portions.
inline bool comes_back(sk::Vocabulary const& vocabulary, std::string_view bytes) {
    auto const ids = vocabulary.encode(bytes);
    std::vector<std::int32_t> in_portions;
    vocabulary.encode_in_portions(
        bytes,
        [&](std::span<std::int32_t const> part, std::size_t) {
            in_portions.insert(in_portions.end(), part.begin(), part.end());
        },
        5);
    return same_text(vocabulary, bytes, vocabulary.decode(ids)) && ids == in_portions;
}

/// A text that comes in pieces of any size: encodes as much as is certain, and compares.
class StreamedText {
public:
    explicit StreamedText(sk::Vocabulary const& vocabulary) : vocabulary_(vocabulary) {}

    /// False if what became certain did not come back.
    bool push(std::string_view piece) { return take(piece, false); }
    /// The end. False also if something is left.
    bool finish() { return take("", true) && held_.empty(); }

private:
    bool take(std::string_view piece, bool ends) {
        held_ += piece;
        ids_.clear();
        std::size_t const taken = vocabulary_.encode(held_, ends, ids_);
        bool const same = same_text(vocabulary_, std::string_view(held_).substr(0, taken),
                                    vocabulary_.decode(ids_));
        held_.erase(0, taken);
        return same;
    }

    sk::Vocabulary const& vocabulary_;
    std::string held_;
    std::vector<std::int32_t> ids_;
};

}  // namespace spikelet_test::fuzz
