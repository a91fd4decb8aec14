// SPDX-License-Identifier: MIT
// Ids on disk as Megatron-LM has them: X.bin with nothing but ids, X.idx with where sequences lie.
// Little endian, X.idx has
//   "MMIDIDX\0\0", u64 version 1, u8 type of the ids, u64 sequences, u64 document entries,
//   i32 ids in each sequence, i64 its first byte in X.bin, i64 first sequence of each document
// and the document entries end with the number of sequences.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/file.hpp>

namespace spikelet {

static_assert(std::endian::native == std::endian::little, "binidx files are read as they are");

/// What ids are stored as, by the code in the file. 7 is a double in older files, a float in newer
/// ones; the size of X.bin tells.
enum class BinidxType : std::uint8_t {
    uint8 = 1,
    int8,
    int16,
    int32,
    int64,
    float64,
    float64_or_32,
    uint16
};

/// How a path without its ending .bin or .idx reads.
[[nodiscard]] inline std::string binidx_prefix(std::string const& path) {
    bool const has_ending = path.ends_with(".bin") || path.ends_with(".idx");
    return has_ending ? path.substr(0, path.size() - 4) : path;
}

namespace detail {

inline constexpr std::string_view binidx_magic("MMIDIDX\0\0", 9);
inline constexpr std::size_t binidx_header = 9 + 8 + 1 + 8 + 8;

/// Reads numbers that lie at any address.
template <class T>
T load_at(std::span<std::byte const> bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

/// Calls f(T{}) with the type of the stored ids.
template <class F>
auto with_binidx_type(BinidxType type, std::size_t width, F&& f) {
    switch (type) {
    case BinidxType::uint8:
        return f(std::uint8_t{});
    case BinidxType::int8:
        return f(std::int8_t{});
    case BinidxType::int16:
        return f(std::int16_t{});
    case BinidxType::int32:
        return f(std::int32_t{});
    case BinidxType::int64:
        return f(std::int64_t{});
    case BinidxType::uint16:
        return f(std::uint16_t{});
    default:
        return width == sizeof(float) ? f(float{}) : f(double{});
    }
}

}  // namespace detail

/// Both files, mapped. Everything in X.idx is checked when they are opened.
class Binidx {
public:
    /// `path` may end with .bin, .idx or neither. Throws Error if one cannot be read, or what is in
    /// X.idx is damaged or does not fit X.bin.
    explicit Binidx(std::string const& path)
        : idx_(binidx_prefix(path) + ".idx"),
          bin_(binidx_prefix(path) + ".bin") {
        read_header();
        check_sequences();
        check_documents();
    }

    /// The path of X.bin.
    [[nodiscard]] std::string const& path() const { return bin_.path(); }
    /// What its ids are stored as.
    [[nodiscard]] BinidxType type() const { return type_; }

    /// All of X.bin.
    [[nodiscard]] std::span<std::byte const> bin_bytes() const { return bin_.bytes(); }
    /// All of X.idx.
    [[nodiscard]] std::span<std::byte const> idx_bytes() const { return idx_.bytes(); }

    /// Number of sequences, and of entries that say where documents begin.
    [[nodiscard]] index sequences() const { return sequences_; }
    /// Number of entries that say where documents begin.
    [[nodiscard]] index document_entries() const { return documents_; }

    /// Number of ids of all sequences.
    [[nodiscard]] index size() const { return size_; }

    /// Number of ids of sequence `i`, which must be there.
    [[nodiscard]] index length(index i) const {
        return detail::load_at<std::int32_t>(idx_.bytes(), sizes_at(i));
    }

    /// The first byte of sequence `i`, which must be there, in X.bin.
    [[nodiscard]] index offset(index i) const {
        return static_cast<index>(detail::load_at<std::int64_t>(idx_.bytes(), offsets_at(i)));
    }

    /// The first sequence of document entry `i`, which must be there.
    [[nodiscard]] index document(index i) const {
        return static_cast<index>(detail::load_at<std::int64_t>(idx_.bytes(), documents_at(i)));
    }

    /// Calls f(id) for the ids of sequence `i`. Throws Error for a number that cannot be an id.
    template <class F>
    void for_each_id(index i, F&& f) const {
        detail::with_binidx_type(type_, width_, [&]<class T>(T) {
            auto const first = static_cast<std::size_t>(offset(i));
            auto const count = static_cast<std::size_t>(length(i));
            for (std::size_t k = 0; k < count; ++k) {
                f(id_of(detail::load_at<T>(bin_.bytes(), first + k * sizeof(T)), i));
            }
        });
    }

    /// The ids of sequence `i`. Throws Error for a number that cannot be an id.
    [[nodiscard]] std::vector<std::int32_t> ids(index i) const {
        std::vector<std::int32_t> made;
        made.reserve(static_cast<std::size_t>(length(i)));
        for_each_id(i, [&](std::int32_t id) { made.push_back(id); });
        return made;
    }

private:
    [[nodiscard]] std::size_t sizes_at(index i) const {
        return detail::binidx_header + static_cast<std::size_t>(i) * 4;
    }
    [[nodiscard]] std::size_t offsets_at(index i) const {
        return sizes_at(sequences_) + static_cast<std::size_t>(i) * 8;
    }
    [[nodiscard]] std::size_t documents_at(index i) const {
        return offsets_at(sequences_) + static_cast<std::size_t>(i) * 8;
    }

    [[noreturn]] void complain(std::string const& message) const {
        fail(quote(idx_.path()), message);
    }

    void read_header() {
        auto const bytes = idx_.bytes();
        if (bytes.size() < detail::binidx_header ||
            !idx_.text().starts_with(detail::binidx_magic)) {
            complain("it is no index of ids, which begins with MMIDIDX");
        }
        if (auto const version = detail::load_at<std::uint64_t>(bytes, 9); version != 1) {
            complain("it has version " + std::to_string(version) + ", expected 1");
        }
        auto const code = std::to_integer<unsigned>(bytes[17]);
        if (code < 1 || code > 8) {
            complain("the type of its ids is " + std::to_string(code) + ", expected 1 to 8");
        }
        type_ = static_cast<BinidxType>(code);
        auto const sequences = detail::load_at<std::uint64_t>(bytes, 18);
        auto const documents = detail::load_at<std::uint64_t>(bytes, 26);
        std::uint64_t const rest = bytes.size() - detail::binidx_header;
        bool const counts_fit = sequences <= rest / 12 && documents <= rest / 8;
        if (!counts_fit || sequences * 12 + documents * 8 != rest) {
            complain("it has " + std::to_string(bytes.size()) + " bytes, which is not what " +
                     std::to_string(sequences) + " sequences and " + std::to_string(documents) +
                     " entries of documents take");
        }
        sequences_ = static_cast<index>(sequences);
        documents_ = static_cast<index>(documents);
    }

    void check_sequences() {
        for (index i = 0; i < sequences_; ++i) {
            if (length(i) < 0) {
                complain("sequence " + std::to_string(i) + " has " + std::to_string(length(i)) +
                         " ids");
            }
            size_ += length(i);
        }
        constexpr std::array<std::size_t, 9> widths{0, 1, 1, 2, 4, 8, 8, 8, 2};
        width_ = widths[static_cast<std::size_t>(type_)];
        bool const is_newer =
            static_cast<std::size_t>(size_) * sizeof(float) == bin_.bytes().size();
        if (type_ == BinidxType::float64_or_32 && is_newer) { width_ = sizeof(float); }
        auto const bytes = static_cast<std::int64_t>(bin_.bytes().size());
        for (index i = 0; i < sequences_; ++i) {
            std::int64_t const first = offset(i);
            std::int64_t const taken = length(i) * static_cast<std::int64_t>(width_);
            if (first < 0 || taken > bytes || first > bytes - taken) {
                complain("sequence " + std::to_string(i) + " lies at bytes " +
                         std::to_string(first) + " and " + std::to_string(taken) + " on, " +
                         quote(bin_.path()) + " has " + std::to_string(bytes));
            }
        }
        // Sequences that share bytes would let a small file have ids without end.
        if (size_ > bytes / static_cast<std::int64_t>(width_)) {
            complain("its sequences have " + std::to_string(size_) + " ids of " +
                     std::to_string(width_) + " bytes, " + quote(bin_.path()) + " has only " +
                     std::to_string(bytes) + " bytes");
        }
    }

    void check_documents() const {
        index before = 0;
        for (index i = 0; i < documents_; ++i) {
            if (document(i) < before || document(i) > sequences_) {
                complain("entry " + std::to_string(i) + " of the documents is " +
                         std::to_string(document(i)) + ", expected " + std::to_string(before) +
                         " to " + std::to_string(sequences_));
            }
            before = document(i);
        }
    }

    template <class T>
    [[nodiscard]] std::int32_t id_of(T value, index i) const {
        auto const number = static_cast<double>(value);
        if (!(number >= 0 && number <= 0x7fffffff) || std::floor(number) != number) {
            fail(quote(bin_.path()), "sequence " + std::to_string(i) + " has " +
                                         std::to_string(value) + ", which is no id");
        }
        return static_cast<std::int32_t>(value);
    }

    MappedFile idx_, bin_;
    BinidxType type_ = BinidxType::uint16;
    std::size_t width_ = 2;
    index sequences_ = 0;
    index documents_ = 0;
    index size_ = 0;
};

}  // namespace spikelet
