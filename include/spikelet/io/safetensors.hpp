// SPDX-License-Identifier: MIT
// Reads safetensors files (github.com/huggingface/safetensors): the length of the header as u64,
// the header, then the tensors without gaps. Files may come from anywhere, so every rule of the
// format is checked before a tensor is handed out, and each refusal is one sentence that names the
// file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/checksum.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/safetensors_checksum.hpp>
#include <spikelet/io/safetensors_header.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/tensor_file.hpp>

namespace spikelet {

/// What a safetensors file holds, the tensors sorted by name.
struct SafetensorsContents {
    std::vector<StoredTensor> tensors;  ///< sorted by name; their bytes are borrowed from the file
    Metadata metadata;                  ///< without the checksum
    std::string checksum;               ///< as the file has it; empty: it has none
    std::span<std::byte const> data;    ///< of all tensors, as they lie in the file
};

namespace detail {

inline std::string_view safetensors_header_text(std::string_view where,
                                                std::span<std::byte const> file) {
    std::uint64_t length = 0;
    if (file.size() < sizeof(length)) {
        fail(where, "not a safetensors file: " + std::to_string(file.size()) +
                        " bytes, and the length of the header alone takes 8");
    }
    std::memcpy(&length, file.data(), sizeof(length));
    std::size_t const room = file.size() - sizeof(length);
    if (length > max_safetensors_header || length > room) {
        fail(where, "not a safetensors file, or cut short: the header should have " +
                        std::to_string(length) + " bytes, at most " +
                        std::to_string(std::min<std::uint64_t>(room, max_safetensors_header)) +
                        " are possible");
    }
    auto const* const text = reinterpret_cast<char const*>(file.data() + sizeof(length));
    if (length == 0 || *text != '{') { fail(where, "the header does not begin with '{'"); }
    return {text, static_cast<std::size_t>(length)};
}

// Data are exactly filled: each tensor begins where the one before ends.
inline void check_safetensors_layout(std::string_view where, std::vector<SafetensorsEntry>& entries,
                                     index data_size) {
    std::sort(entries.begin(), entries.end(), [](auto const& a, auto const& b) {
        return std::pair(a.offsets->at(0), a.offsets->at(1)) <
               std::pair(b.offsets->at(0), b.offsets->at(1));
    });
    index end = 0;
    for (SafetensorsEntry const& entry : entries) {
        index const first = entry.offsets->at(0);
        index const last = entry.offsets->at(1);
        auto complain = [&](std::string const& message) {
            fail(where, "tensor " + quote(entry.name) + " has data_offsets [" +
                            std::to_string(first) + ", " + std::to_string(last) + "], " + message);
        };
        std::optional<index> const size = byte_count(*entry.dtype, *entry.shape);
        if (!size || last - first != *size) {
            complain("but " + describe(*entry.dtype, *entry.shape) + " takes " +
                     (size ? std::to_string(*size) + " bytes" : "more bytes than can be counted"));
        }
        if (first != end) { complain("but should begin at " + std::to_string(end)); }
        if (last > data_size) {
            complain("but the file has only " + std::to_string(data_size) + " bytes of data");
        }
        end = last;
    }
    if (end != data_size) {
        fail(where, "the file has " + std::to_string(data_size) +
                        " bytes of data, the tensors take " + std::to_string(end));
    }
}

}  // namespace detail

/// Reads a file that is in memory; the tensors borrow from it. Does not check the checksum, which
/// would touch all of them. Messages begin with `where`. Throws Error for a file that breaks a rule
/// of the format.
[[nodiscard]] inline SafetensorsContents parse_safetensors(std::span<std::byte const> file,
                                                           std::string_view where = "safetensors") {
    std::string_view const text = detail::safetensors_header_text(where, file);
    std::span<std::byte const> const data = file.subspan(sizeof(std::uint64_t) + text.size());
    SafetensorsHeader header(where, text);
    detail::check_safetensors_layout(where, header.entries, std::ssize(data));

    SafetensorsContents contents{
        .tensors = {}, .metadata = std::move(header.metadata), .checksum = {}, .data = data};
    if (auto const own = contents.metadata.find(detail::checksum_key);
        own != contents.metadata.end()) {
        contents.checksum = own->second;
        contents.metadata.erase(own);
    }
    contents.tensors.reserve(header.entries.size());
    for (SafetensorsEntry& entry : header.entries) {
        auto const first = static_cast<std::size_t>(entry.offsets->at(0));
        auto const last = static_cast<std::size_t>(entry.offsets->at(1));
        contents.tensors.push_back({.name = std::move(entry.name),
                                    .dtype = *entry.dtype,
                                    .shape = std::move(*entry.shape),
                                    .bytes = data.subspan(first, last - first)});
    }
    detail::sort_by_name(where, contents.tensors);
    return contents;
}

/// An open safetensors file. Tensors stay on the disk until their bytes are touched.
///
///     auto file = SafetensorsFile::open("model.safetensors");
///     std::vector<float> weight = file.read<float>("head.weight");
class SafetensorsFile : public NamedTensors<SafetensorsFile> {
public:
    /// Throws Error, also for a file that breaks a rule of the format.
    [[nodiscard]] static SafetensorsFile open(std::string path) {
        return SafetensorsFile(MappedFile(std::move(path)));
    }

    /// As it was given.
    [[nodiscard]] std::string const& path() const { return file_.path(); }
    /// What the file says about itself, but for its checksum.
    [[nodiscard]] Metadata const& metadata() const { return contents_.metadata; }

    /// Reads the whole file once, if it carries this library's checksum. Throws Error if that does
    /// not agree with the header and the tensors.
    void verify() const {
        if (contents_.checksum.empty()) { return; }
        std::vector<detail::TensorEntry> entries;
        for (StoredTensor const& t : tensors()) {
            entries.push_back({t.name, t.dtype, t.shape, t.bytes.data() - contents_.data.data()});
        }
        Checksum sum = detail::checksum_of(contents_.metadata, std::move(entries));
        sum.add(contents_.data);
        file_.release(contents_.data);
        if (sum.text() != contents_.checksum) {
            fail(where(),
                 "the checksum does not agree: the file is damaged, or was changed without "
                 "removing " +
                     quote(detail::checksum_key) + " from its metadata");
        }
    }

    /// All tensors, sorted by name.
    [[nodiscard]] std::span<StoredTensor const> tensors() const { return contents_.tensors; }

    /// Gives back the memory of numbers that are not needed for now; they stay readable.
    void release(std::span<std::byte const> numbers) const { file_.release(numbers); }

private:
    explicit SafetensorsFile(MappedFile file)
        : file_(std::move(file)),
          contents_(parse_safetensors(file_.bytes(), where())) {}

    [[nodiscard]] std::string where() const { return quote(file_.path()); }

    MappedFile file_;
    SafetensorsContents contents_;
};

}  // namespace spikelet
