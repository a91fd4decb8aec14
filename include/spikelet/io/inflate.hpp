// SPDX-License-Identifier: MIT
// The content of an archive's entries, by zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

#include <spikelet/core/error.hpp>
#include <spikelet/io/zip.hpp>

namespace spikelet {

/// The CRC-32 of zip archives.
[[nodiscard]] inline std::uint32_t crc32_of(std::span<std::byte const> bytes) {
    auto const* const data = reinterpret_cast<Bytef const*>(bytes.data());
    return static_cast<std::uint32_t>(::crc32_z(0, data, bytes.size()));
}

namespace detail {

// zlib's memory, given back at the end.
class Inflater {
public:
    Inflater() { ready_ = ::inflateInit2_(&stream_, -MAX_WBITS, ZLIB_VERSION, sizeof(stream_)); }
    Inflater(Inflater const&) = delete;
    Inflater& operator=(Inflater const&) = delete;
    ~Inflater() { ::inflateEnd(&stream_); }

    // Whether `from` is one whole deflate stream that makes exactly `to`.
    bool fill(std::span<std::byte const> from, std::span<std::byte> to) {
        if (ready_ != Z_OK) { return false; }
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data()));
        std::byte none{};  // zlib insists on an address, also for nothing
        stream_.next_out = reinterpret_cast<Bytef*>(to.empty() ? &none : to.data());
        std::size_t in = from.size();
        std::size_t out = to.size();
        int result = Z_OK;
        while (result == Z_OK) {
            in -= stream_.avail_in = some_of(in);
            out -= stream_.avail_out = some_of(out);
            result = ::inflate(&stream_, Z_NO_FLUSH);  // without progress it is not Z_OK
            in += stream_.avail_in;
            out += stream_.avail_out;
        }
        return result == Z_STREAM_END && in == 0 && out == 0;
    }

private:
    // zlib counts in 32 bits.
    static uInt some_of(std::size_t bytes) {
        constexpr std::size_t most = (std::numeric_limits<uInt>::max)() / 4;
        return static_cast<uInt>(bytes < most ? bytes : most);
    }

    z_stream stream_{};
    int ready_ = Z_OK;
};

}  // namespace detail

/// Throws Error, naming `where`, unless these bytes have that CRC-32.
inline void check_crc32(std::span<std::byte const> bytes, std::uint32_t crc,
                        std::string_view where) {
    if (crc32_of(bytes) != crc) { fail(where, "damaged: its CRC-32 does not agree"); }
}

/// The content of a deflated entry, whose CRC-32 is checked. Takes no memory that so few bytes
/// cannot fill. Throws Error, naming `where`.
[[nodiscard]] inline std::vector<std::byte> inflate(ZipEntry const& entry, std::string_view where) {
    constexpr std::uint64_t most_from_one = 1032;  // bytes that deflate makes of one
    if (entry.size / most_from_one > entry.bytes.size()) {
        fail(where, std::to_string(entry.bytes.size()) + " bytes cannot inflate to " +
                        std::to_string(entry.size));
    }
    std::vector<std::byte> content(static_cast<std::size_t>(entry.size));
    if (!detail::Inflater().fill(entry.bytes, content)) {
        fail(where, "damaged: its " + std::to_string(entry.bytes.size()) +
                        " bytes do not inflate to " + std::to_string(entry.size));
    }
    check_crc32(content, entry.crc, where);
    return content;
}

}  // namespace spikelet
