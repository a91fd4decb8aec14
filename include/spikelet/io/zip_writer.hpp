// SPDX-License-Identifier: MIT
// Writes zip archives (io/zip.hpp) of entries that are stored as they are, each from a place in the
// file that is a multiple of 64. Fields of 64 bits are there where 32 do not do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/inflate.hpp>
#include <spikelet/io/zip.hpp>

namespace spikelet {

/// An archive on its way into a file.
class ZipWriter {
public:
    /// Sizes and places from `long_from` on are written in 64 bits; another value is for tests.
    explicit ZipWriter(FileWriter& file, std::uint64_t long_from = detail::zip_long)
        : file_(file),
          long_from_(long_from) {}

    /// Appends an entry. Throws Error.
    void add(std::string_view name, std::span<std::byte const> content) {
        Entry entry{std::string(name), crc32_of(content), content.size(), file_.written()};
        std::string const header = local_header(entry);
        file_.write(header);
        file_.write(content);
        entries_.push_back(std::move(entry));
    }
    void add(std::string_view name, std::string_view content) {
        add(name, std::as_bytes(std::span(content)));
    }

    /// Appends the directory. Nothing can be added afterwards. Throws Error.
    void finish() {
        std::uint64_t const begin = file_.written();
        for (Entry const& entry : entries_) { file_.write(directory_header(entry)); }
        std::uint64_t const size = file_.written() - begin;
        std::uint64_t const count = entries_.size();
        if (is_long(begin) || is_long(size) || count >= detail::zip_many) {
            file_.write(long_end(begin, size));
        }
        std::string end;
        put(end, detail::zip_end_mark);
        put(end, std::uint32_t{0});  // no other disks
        for (int i = 0; i < 2; ++i) {
            put(end, static_cast<std::uint16_t>(std::min<std::uint64_t>(count, detail::zip_many)));
        }
        put(end, short_of(size));
        put(end, short_of(begin));
        put(end, std::uint16_t{0});  // no comment
        file_.write(end);
    }

private:
    static constexpr std::size_t alignment = 64;
    static constexpr std::uint16_t padding_extra = 0x4246;  // "FB", as PyTorch has it
    static constexpr std::uint16_t names_in_utf8 = 1 << 11;
    static constexpr std::uint16_t first_of_january_1980 = 0x21;

    struct Entry {
        std::string name;
        std::uint32_t crc;
        std::uint64_t size;
        std::uint64_t begin;
    };

    template <class T>
    static void put(std::string& text, T number) {
        text.append(reinterpret_cast<char const*>(&number), sizeof(T));
    }

    [[nodiscard]] bool is_long(std::uint64_t number) const { return number >= long_from_; }
    [[nodiscard]] std::uint32_t short_of(std::uint64_t number) const {
        return is_long(number) ? detail::zip_long : static_cast<std::uint32_t>(number);
    }

    // What both headers of an entry have in common.
    void put_facts(std::string& text, Entry const& entry, std::size_t extra) const {
        bool const has_long = is_long(entry.size) || is_long(entry.begin);
        put(text, static_cast<std::uint16_t>(has_long ? 45 : 20));  // version of the format
        put(text, names_in_utf8);
        put(text, static_cast<std::uint16_t>(ZipEntry::Method::stored));
        put(text, std::uint16_t{0});
        put(text, first_of_january_1980);
        put(text, entry.crc);
        put(text, short_of(entry.size));
        put(text, short_of(entry.size));
        put(text, static_cast<std::uint16_t>(entry.name.size()));
        put(text, static_cast<std::uint16_t>(extra));
    }

    // Extra fields of 64 bits; none where 32 do.
    [[nodiscard]] std::string long_sizes(Entry const& entry, bool with_begin) const {
        std::string fields;
        if (is_long(entry.size)) {
            put(fields, entry.size);
            put(fields, entry.size);
        }
        if (with_begin && is_long(entry.begin)) { put(fields, entry.begin); }
        if (fields.empty()) { return fields; }
        std::string extra;
        put(extra, detail::zip64_extra);
        put(extra, static_cast<std::uint16_t>(fields.size()));
        return extra + fields;
    }

    [[nodiscard]] std::string local_header(Entry const& entry) const {
        std::string extra = long_sizes(entry, false);
        std::size_t const fixed = 30 + entry.name.size() + extra.size() + 4;
        std::size_t const past = (entry.begin + fixed) % alignment;
        std::size_t const padding = past == 0 ? 0 : alignment - past;
        put(extra, padding_extra);
        put(extra, static_cast<std::uint16_t>(padding));
        extra.append(padding, 'Z');
        if (entry.name.size() > detail::zip_many) {
            fail("zip", "the name " + quote(entry.name) + " is too long for an archive");
        }
        std::string header;
        put(header, detail::zip_local_mark);
        put_facts(header, entry, extra.size());
        return header + entry.name + extra;
    }

    [[nodiscard]] std::string directory_header(Entry const& entry) const {
        std::string const extra = long_sizes(entry, true);
        std::string header;
        put(header, detail::zip_entry_mark);
        put(header, std::uint16_t{45});  // version of the program
        put_facts(header, entry, extra.size());
        put(header, std::uint16_t{0});  // no comment, no other disk, no attributes
        put(header, std::uint16_t{0});
        put(header, std::uint16_t{0});
        put(header, std::uint32_t{0});
        put(header, short_of(entry.begin));
        return header + entry.name + extra;
    }

    // The zip64 end of the directory, and the locator that points to it.
    [[nodiscard]] std::string long_end(std::uint64_t begin, std::uint64_t size) const {
        std::string end;
        put(end, detail::zip64_end_mark);
        put(end, std::uint64_t{44});  // bytes that follow in this record
        put(end, std::uint16_t{45});
        put(end, std::uint16_t{45});
        put(end, std::uint64_t{0});  // no other disks
        put(end, std::uint64_t{entries_.size()});
        put(end, std::uint64_t{entries_.size()});
        put(end, size);
        put(end, begin);
        put(end, detail::zip64_locator_mark);
        put(end, std::uint32_t{0});
        put(end, begin + size);
        put(end, std::uint32_t{1});
        return end;
    }

    FileWriter& file_;
    std::uint64_t long_from_;
    std::vector<Entry> entries_;
};

}  // namespace spikelet
