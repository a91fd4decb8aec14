// SPDX-License-Identifier: MIT
// RWKV's "world" vocabulary: tokens of bytes, of which the text is always cut into the longest that
// fits. A line for each: its id, the token as Python writes it ('text' or b'bytes'), and its length
// in bytes. Id 0, which has no line, stands between documents.
//
//     258 '\t\t' 2
//     300 b'\xe2\x80' 2
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/byte_trie.hpp>
#include <spikelet/io/tokenizer.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

namespace detail {

/// Reads a Python literal of text or bytes, one piece at a time.
class PythonLiteral {
public:
    explicit PythonLiteral(std::string_view literal) : rest_(literal) {}

    /// The bytes it stands for, text as UTF-8; nothing if it is no such literal.
    std::optional<std::string> read() {
        is_bytes_ = rest_.starts_with('b');
        if (is_bytes_) { rest_.remove_prefix(1); }
        if (rest_.size() < 2 || rest_.front() != rest_.back()) { return {}; }
        if (rest_.front() != '\'' && rest_.front() != '"') { return {}; }
        rest_ = rest_.substr(1, rest_.size() - 2);
        std::string bytes;
        while (!rest_.empty()) {
            char const c = rest_.front();
            rest_.remove_prefix(1);
            if (c != '\\') {
                bytes += c;
            } else if (!read_escape(bytes)) {
                return {};
            }
        }
        return bytes;
    }

private:
    bool read_escape(std::string& bytes) {
        if (rest_.empty()) { return false; }
        char const kind = rest_.front();
        rest_.remove_prefix(1);
        constexpr std::string_view letters = "ntr\\'\"", meanings = "\n\t\r\\'\"";
        if (std::size_t const at = letters.find(kind); at != letters.npos) {
            bytes += meanings[at];
            return true;
        }
        std::size_t const digits = kind == 'x' ? 2 : is_bytes_ ? 0 : kind == 'u' ? 4 : 8;
        bool const known = kind == 'x' || kind == 'u' || kind == 'U';
        std::uint32_t value = 0;
        if (!known || digits == 0 || !read_number(digits, value)) { return false; }
        if (is_bytes_) {
            bytes += static_cast<char>(static_cast<unsigned char>(value));
        } else {
            append_utf8(bytes, value);
        }
        return true;
    }

    bool read_number(std::size_t digits, std::uint32_t& value) {
        if (rest_.size() < digits) { return false; }
        auto const [end, error] = std::from_chars(rest_.data(), rest_.data() + digits, value, 16);
        bool const whole = error == std::errc{} && end == rest_.data() + digits;
        rest_.remove_prefix(digits);
        return whole;
    }

    std::string_view rest_;
    bool is_bytes_ = false;
};

}  // namespace detail

/// Text to ids and back by the longest token that fits, with a vocabulary of RWKV's "World" models.
class WorldTokenizer final : public Tokenizer {
public:
    /// The lines of a vocabulary. Throws Error, naming the line, unless they are as they should be
    /// and every byte is a token.
    explicit WorldTokenizer(std::string lines) : lines_(std::move(lines)) {
        check_utf8("vocabulary", lines_);
        index number = 0;
        for (std::string_view rest = lines_; !rest.empty();) {
            std::string_view line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix((std::min)(line.size() + 1, rest.size()));
            if (line.ends_with('\r')) { line.remove_suffix(1); }
            ++number;
            if (!line.empty()) { add(line, number); }
        }
        for (int byte = 0; byte < 256; ++byte) {
            char const c = static_cast<char>(static_cast<unsigned char>(byte));
            if (trie_.longest({&c, 1}).length == 0) {
                fail("vocabulary", "the byte " + std::to_string(byte) + " has no id");
            }
        }
    }

    [[nodiscard]] index size() const override { return std::ssize(tokens_); }

    std::size_t encode(std::string_view text, bool ends,
                       std::vector<std::int32_t>& ids) const override {
        std::size_t i = 0;
        while (i < text.size() && (ends || text.size() - i >= longest_)) {
            auto const match = trie_.longest(text.substr(i));
            ids.push_back(match.id);
            i += match.length;
        }
        return i;
    }

    [[nodiscard]] std::string_view bytes_of(std::int32_t id) const override {
        return tokens_[static_cast<std::size_t>(id)];
    }

    [[nodiscard]] std::optional<std::int32_t> end_of_text() const override { return 0; }

    [[nodiscard]] std::string to_json() const override {
        return nlohmann::ordered_json{{"kind", "world"}, {"lines", lines_}}.dump();
    }

private:
    [[noreturn]] static void complain(std::string_view line, index number) {
        fail("vocabulary", "line " + std::to_string(number) + " is " + quote(line) +
                               ", expected an id, a token as Python writes it, its length");
    }

    static std::optional<index> number_of(std::string_view text) {
        index value = 0;
        auto const end = text.data() + text.size();
        auto const [rest, error] = std::from_chars(text.data(), end, value);
        bool const whole = error == std::errc{} && rest == end && !text.empty();
        return whole ? std::optional(value) : std::nullopt;
    }

    void add(std::string_view line, index number) {
        std::size_t const first = line.find(' ');
        std::size_t const last = line.rfind(' ');
        if (first == line.npos || first == last) { complain(line, number); }
        auto const id = number_of(line.substr(0, first));
        auto const length = number_of(line.substr(last + 1));
        auto const bytes = detail::PythonLiteral(line.substr(first + 1, last - first - 1)).read();
        bool const fits = bytes && length == std::ssize(*bytes) && !bytes->empty() &&
                          bytes->size() <= most_token_bytes;
        if (!id || *id < 1 || *id >= most_token_ids || !fits) { complain(line, number); }
        auto const at = static_cast<std::size_t>(*id);
        if (at >= tokens_.size()) { tokens_.resize(at + 1); }
        if (!tokens_[at].empty()) {
            fail("vocabulary", "line " + std::to_string(number) + " has the id " +
                                   std::to_string(*id) + " of another line");
        }
        tokens_[at] = *bytes;
        trie_.add(*bytes, static_cast<std::int32_t>(*id));
        longest_ = (std::max)(longest_, bytes->size());
    }

    std::string lines_;
    std::vector<std::string> tokens_;  // by id; empty: not in use
    ByteTrie trie_;
    std::size_t longest_ = 0;
};

}  // namespace spikelet
