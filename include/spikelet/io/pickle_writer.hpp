// SPDX-License-Identifier: MIT
// Writes Python pickles of protocol 2 that are data (io/pickle.hpp). The members append what they
// are called after; values that belong together stand between a mark and what takes them.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>

namespace spikelet::detail {

class PickleWriter {
public:
    PickleWriter() : text_("\x80\x02") {}

    void name(std::string_view module, std::string_view word) {
        text_ += 'c';
        text_.append(module).append("\n").append(word).append("\n");
    }

    void text(std::string_view value) {
        if (value.size() > (std::numeric_limits<std::uint32_t>::max)()) {
            fail("pickle", "a text has more than 2^32 bytes");
        }
        text_ += 'X';
        bytes(static_cast<std::uint32_t>(value.size()));
        text_ += value;
    }

    void number(std::int64_t value) {
        if (value >= 0 && value < 256) {
            text_ += 'K';
            bytes(static_cast<std::uint8_t>(value));
        } else if (value == static_cast<std::int32_t>(value)) {
            text_ += 'J';
            bytes(static_cast<std::int32_t>(value));
        } else {
            text_ += "\x8a\x08";
            bytes(value);
        }
    }

    void no() { text_ += '\x89'; }
    void mark() { text_ += '('; }
    void tuple() { text_ += 't'; }
    void empty_tuple() { text_ += ')'; }
    void empty_dict() { text_ += '}'; }
    void set_items() { text_ += 'u'; }
    void set_state() { text_ += 'b'; }
    void call() { text_ += 'R'; }
    void outer() { text_ += 'Q'; }

    /// The whole pickle. Nothing can be added afterwards.
    std::string const& finish() { return text_ += '.'; }

private:
    template <class T>
    void bytes(T value) {
        text_.append(reinterpret_cast<char const*>(&value), sizeof(value));
    }

    std::string text_;
};

}  // namespace spikelet::detail
