// SPDX-License-Identifier: MIT
// Reads the table of a zip archive (PKWARE's APPNOTE 6.3), with the fields of 64 bits that large
// archives have. From the end of the file:
//   … entries: [local header, name, extra, data] …, directory: [header, name, extra, comment] …,
//   zip64 end and its locator where 16 or 32 bits do not do, end of the directory, comment
// Files may come from anywhere: an entry is handed out only if its data lie in front of the
// directory and no two of them share a byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/byte_reader.hpp>

namespace spikelet {

/// A file in an archive. Name and bytes are borrowed from it.
struct ZipEntry {
    /// How the content is stored.
    enum class Method : std::uint16_t { stored = 0, deflated = 8 };

    std::string_view name;           ///< with its folders
    Method method = Method::stored;  ///< how it is stored
    std::uint32_t crc = 0;           ///< CRC-32 of the content
    std::uint64_t size = 0;  ///< of the content; that this is true is for who inflates it to see
    std::span<std::byte const> bytes;  ///< the content, as it is stored
};

namespace detail {

inline constexpr std::uint32_t zip_local_mark = 0x04034b50;
inline constexpr std::uint32_t zip_entry_mark = 0x02014b50;
inline constexpr std::uint32_t zip_end_mark = 0x06054b50;
inline constexpr std::uint32_t zip64_end_mark = 0x06064b50;
inline constexpr std::uint32_t zip64_locator_mark = 0x07064b50;
inline constexpr std::uint64_t zip64_locator_size = 20;
inline constexpr std::uint16_t zip64_extra = 1;

// Values that stand for "see the field of 64 bits".
inline constexpr std::uint32_t zip_long = (std::numeric_limits<std::uint32_t>::max)();
inline constexpr std::uint16_t zip_many = (std::numeric_limits<std::uint16_t>::max)();

// Where the directory is, and how many entries it has.
struct ZipDirectory {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
    std::uint64_t entries = 0;
};

class ZipReader {
public:
    ZipReader(std::span<std::byte const> file, std::string_view where)
        : file_(file),
          where_(where) {}

    std::vector<ZipEntry> entries() {
        ZipDirectory const directory = find_directory();
        ByteReader in(where_, file_.first(static_cast<std::size_t>(end_)));
        in.go_to(directory.begin, "the directory of the archive");
        if (directory.size != in.left()) { fail(where_, "the archive's directory is damaged"); }
        if (directory.entries > directory.size / 46) {
            fail(where_, "the archive's directory is too small for its " +
                             std::to_string(directory.entries) + " entries");
        }
        data_end_ = directory.begin;
        std::vector<ZipEntry> entries;
        for (std::uint64_t i = 0; i < directory.entries; ++i) { entries.push_back(entry(in)); }
        if (in.left() != 0) { fail(where_, "the archive's directory has more than its entries"); }
        check_apart();
        return entries;
    }

private:
    // A piece of the file that belongs to one entry.
    struct Piece {
        std::uint64_t begin;
        std::uint64_t end;
        std::string_view name;
    };

    // The end of the directory is the last thing but for a comment, whose length it knows.
    ZipDirectory find_directory() {
        constexpr std::size_t size = 22;
        std::size_t const longest = size + zip_many;
        for (std::size_t back = size; back <= (std::min)(longest, file_.size()); ++back) {
            ByteReader in(where_, file_.last(back));
            if (in.number<std::uint32_t>("a mark") != zip_end_mark) { continue; }
            in.go_to(size - 2, "the length of a comment");
            if (in.number<std::uint16_t>("a length") != in.left()) { continue; }
            end_ = file_.size() - back;
            return directory_at_end();
        }
        fail(where_, "cut short or damaged: a zip archive should end with its directory");
    }

    ZipDirectory directory_at_end() {
        ByteReader in(where_, file_);
        in.go_to(end_ + 4, "the end of the directory");
        auto const disk = in.number<std::uint32_t>("numbers of disks");
        auto const here = in.number<std::uint16_t>("a number of entries");
        auto const entries = in.number<std::uint16_t>("a number of entries");
        auto const size = in.number<std::uint32_t>("the size of the directory");
        auto const begin = in.number<std::uint32_t>("the place of the directory");
        if (has_locator()) { return directory_of_64_bits(); }
        if (disk != 0 || here != entries) { fail(where_, "the archive has several parts"); }
        return {begin, size, entries};
    }

    // Some programs write one also where 32 bits would do.
    [[nodiscard]] bool has_locator() const {
        if (end_ < zip64_locator_size) { return false; }
        ByteReader in(where_, file_);
        in.go_to(end_ - zip64_locator_size, "a locator");
        return in.number<std::uint32_t>("a mark") == zip64_locator_mark;
    }

    ZipDirectory directory_of_64_bits() {
        ByteReader in(where_, file_.first(static_cast<std::size_t>(end_)));
        in.go_to(end_ - zip64_locator_size + 4, "a locator");
        in.take(4, "the number of a disk");
        end_ = in.number<std::uint64_t>("the place of the zip64 end");
        in.go_to(end_, "the zip64 end of the directory");
        if (in.number<std::uint32_t>("a mark") != zip64_end_mark) {
            fail(where_, "the archive has no zip64 end where its locator says");
        }
        in.take(8 + 2 + 2 + 4 + 4, "versions and disks");
        auto const here = in.number<std::uint64_t>("a number of entries");
        auto const entries = in.number<std::uint64_t>("a number of entries");
        auto const size = in.number<std::uint64_t>("the size of the directory");
        auto const begin = in.number<std::uint64_t>("the place of the directory");
        if (here != entries) { fail(where_, "the archive has several parts"); }
        return {begin, size, entries};
    }

    // What a header of the directory says, with 64 bits where it has them.
    struct Header {
        std::uint64_t packed = 0;
        std::uint64_t size = 0;
        std::uint64_t begin = 0;
    };

    ZipEntry entry(ByteReader& in) {
        if (in.number<std::uint32_t>("a mark") != zip_entry_mark) {
            fail(where_, "the archive's directory is damaged");
        }
        ZipEntry entry;
        Header header;
        in.take(4, "versions");
        auto const flags = in.number<std::uint16_t>("flags");
        auto const method = in.number<std::uint16_t>("a method");
        in.take(4, "a date");
        entry.crc = in.number<std::uint32_t>("a checksum");
        header.packed = in.number<std::uint32_t>("a size");
        header.size = in.number<std::uint32_t>("a size");
        auto const name_size = in.number<std::uint16_t>("the length of a name");
        auto const extra_size = in.number<std::uint16_t>("the length of extra fields");
        auto const comment_size = in.number<std::uint16_t>("the length of a comment");
        in.take(2 + 2 + 4, "a disk and attributes");
        header.begin = in.number<std::uint32_t>("the place of an entry");
        entry.name = in.text(name_size, "a name");
        widen(header, in.take(extra_size, "extra fields"), entry.name);
        in.take(comment_size, "a comment");

        if ((flags & 1) != 0) { complain(entry.name, "is encrypted"); }
        if (method != 0 && method != 8) {
            complain(entry.name, "is compressed by method " + std::to_string(method) +
                                     ", only stored and deflated ones are read");
        }
        entry.method = static_cast<ZipEntry::Method>(method);
        if (method == 0 && header.packed != header.size) {
            complain(entry.name, "is stored, but has two sizes");
        }
        entry.size = header.size;
        entry.bytes = data_of(entry.name, header);
        return entry;
    }

    // Takes the fields of 64 bits for those that ask for them.
    void widen(Header& header, std::span<std::byte const> extra, std::string_view name) const {
        std::string const where = where_ + ": entry " + quote(name);
        ByteReader in(where, extra);
        while (in.left() >= 4) {
            auto const id = in.number<std::uint16_t>("a field's kind");
            ByteReader field(where, in.take(in.number<std::uint16_t>("a length"), "a field"));
            if (id != zip64_extra) { continue; }
            for (std::uint64_t* const value : {&header.size, &header.packed, &header.begin}) {
                if (*value == zip_long) { *value = field.number<std::uint64_t>("a zip64 field"); }
            }
        }
    }

    std::span<std::byte const> data_of(std::string_view name, Header const& header) {
        std::string const where = where_ + ": entry " + quote(name);
        ByteReader in(where, file_.first(static_cast<std::size_t>(data_end_)));
        in.go_to(header.begin, "its header");
        if (in.number<std::uint32_t>("its header") != zip_local_mark) {
            complain(name, "has no header where the directory says");
        }
        in.take(22, "its header");
        auto const name_size = in.number<std::uint16_t>("the length of its name");
        auto const extra_size = in.number<std::uint16_t>("the length of extra fields");
        if (in.text(name_size, "its name") != name) {
            complain(name, "has another name in front of its data");
        }
        in.take(extra_size, "extra fields");
        auto const data = in.take(header.packed, "data");
        pieces_.push_back({header.begin, in.place(), name});
        return data;
    }

    void check_apart() {
        std::ranges::sort(pieces_, {}, &Piece::begin);
        auto const meet = std::ranges::adjacent_find(
            pieces_, [](Piece const& a, Piece const& b) { return a.end > b.begin; });
        if (meet != pieces_.end()) {
            complain(meet->name, "overlaps the entry " + quote(meet[1].name));
        }
        std::ranges::sort(pieces_, {}, &Piece::name);
        auto const twin = std::ranges::adjacent_find(pieces_, {}, &Piece::name);
        if (twin != pieces_.end()) { complain(twin->name, "is there twice"); }
    }

    [[noreturn]] void complain(std::string_view name, std::string const& message) const {
        fail(where_, "entry " + quote(name) + " " + message);
    }

    std::span<std::byte const> file_;
    std::string where_;
    std::uint64_t end_ = 0;       // of the directory
    std::uint64_t data_end_ = 0;  // of the entries
    std::vector<Piece> pieces_;
};

}  // namespace detail

/// The entries of an archive that is in memory, in the order of its directory. They borrow from it.
/// Messages begin with `where`. Throws Error for what is no archive or has parts that cannot be
/// read: encrypted ones, other compressions than deflate.
[[nodiscard]] inline std::vector<ZipEntry> read_zip(std::span<std::byte const> file,
                                                    std::string_view where = "zip") {
    return detail::ZipReader(file, where).entries();
}

}  // namespace spikelet
