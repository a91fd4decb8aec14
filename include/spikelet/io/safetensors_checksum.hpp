// SPDX-License-Identifier: MIT
// The checksum that this library's safetensors files carry: a FastChecksum of all other metadata,
// sorted by key, and of the tensors' bytes as they lie in the file.
#pragma once

#include <cstddef>
#include <string_view>

#include <spikelet/io/checksum.hpp>
#include <spikelet/io/stored_tensor.hpp>

namespace spikelet::detail {

/// Where it stands in the metadata.
inline constexpr std::string_view checksum_key = "spikelet.checksum";

/// How long it is.
inline constexpr std::size_t checksum_digits = 16;

/// Its beginning: the metadata. The tensors' bytes are to be added.
inline FastChecksum checksum_of(Metadata const& metadata) {
    constexpr std::string_view end("\0", 1);
    FastChecksum sum;
    for (auto const& [key, text] : metadata) {
        if (key == checksum_key) { continue; }
        sum.add(key);
        sum.add(end);
        sum.add(text);
        sum.add(end);
    }
    return sum;
}

}  // namespace spikelet::detail
