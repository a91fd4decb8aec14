// SPDX-License-Identifier: MIT
// Names in messages. They may come from a hostile file: any length, any bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace spikelet {

/// 'name' for a message: control characters and quotes become `\xNN`, long names are cut.
[[nodiscard]] inline std::string quote(std::string_view name) {
    constexpr std::size_t longest = 120;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "'";
    for (char const c : name.substr(0, longest)) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '\'' || c == '\\') {
            text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        } else {
            text += c;
        }
    }
    return text + (name.size() > longest ? "...'" : "'");
}

}  // namespace spikelet
