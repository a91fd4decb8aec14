// SPDX-License-Identifier: MIT
// The checksum that this library's safetensors files carry: of all that the header says, other
// metadata by key and tensors by name, and of the tensors' bytes as they lie in the file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/extents.hpp>
#include <spikelet/io/checksum.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/stored_tensor.hpp>

namespace spikelet::detail {

/// Where it stands in the metadata. The number is to change with what is summed up, so that older
/// files count as files without a checksum, not as damaged ones.
inline constexpr std::string_view checksum_key = "spikelet.checksum.2";

/// How long it is.
inline constexpr std::size_t checksum_digits = 16;

// The most bytes a header may have, as in the reference implementation.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;

/// What a header says about a tensor.
struct TensorEntry {
    std::string_view name;
    Dtype dtype;
    std::span<index const> shape;
    index begin;  ///< of its bytes, among those of all tensors
};

/// Its beginning: the header. The tensors' bytes are to be added.
inline Checksum checksum_of(Metadata const& metadata, std::vector<TensorEntry> entries) {
    Checksum sum;
    auto const add = [&](std::string_view key, std::string_view text) {
        constexpr std::string_view end("\0", 1);
        for (std::string_view const part : {key, end, text, end}) { sum.add(part); }
    };
    for (auto const& [key, text] : metadata) {
        if (key != checksum_key) { add(key, text); }
    }
    std::ranges::sort(entries, {}, &TensorEntry::name);
    for (TensorEntry const& entry : entries) {
        add(entry.name, describe(entry.dtype, entry.shape) + " at " + std::to_string(entry.begin));
    }
    return sum;
}

}  // namespace spikelet::detail
