// SPDX-License-Identifier: MIT
// Writes what binidx.hpp reads: one sequence for each document. Both files are written beside their
// places and put there at the end; at no time does an index lie beside ids that are not its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/binidx.hpp>
#include <spikelet/io/file_writer.hpp>

namespace spikelet {

/// Both files on their way. Without `commit` nothing changes. Every member throws Error.
class BinidxWriter {
public:
    /// Writes prefix.bin and prefix.idx.
    BinidxWriter(std::string const& prefix, BinidxType type)
        : prefix_(prefix),
          type_(type),
          bin_(prefix + ".bin"),
          idx_(prefix + ".idx") {}

    /// Adds ids to the document.
    void add(std::span<std::int32_t const> ids) {
        detail::with_binidx_type(type_, sizeof(double), [&]<class T>(T) {
            for (std::int32_t const id : ids) { put<T>(id); }
        });
    }

    /// Ends the document, which may be empty; the next one begins.
    void end_document() {
        lengths_.push_back(length_);
        length_ = 0;
        document_ends_.push_back(std::ssize(lengths_));
    }

    /// Number of ids so far.
    [[nodiscard]] index size() const { return size_; }

    /// Number of documents that have ended.
    [[nodiscard]] index documents() const { return std::ssize(document_ends_); }

    /// Ends the last document, if something is in it, and puts both files in their places.
    void commit() {
        if (length_ > 0) { end_document(); }
        flush();
        write_index();
        bin_.sync();  // what may take long, and may fail, comes before the old files go
        idx_.sync();
        std::error_code ignored;  // one that cannot be removed cannot be replaced either
        std::filesystem::remove(prefix_ + ".idx", ignored);
        bin_.commit();
        idx_.commit();
    }

private:
    static constexpr std::size_t buffer_bytes = 1 << 20;

    template <class T>
    void put(std::int32_t id) {
        auto const stored = static_cast<T>(id);
        if (id < 0 || static_cast<double>(stored) != static_cast<double>(id)) {
            fail(quote(prefix_ + ".bin"), std::to_string(id) + " cannot be stored as type " +
                                              std::to_string(static_cast<int>(type_)) +
                                              " of binidx");
        }
        if (length_ == (std::numeric_limits<std::int32_t>::max)()) {  // goes on as another sequence
            // GCOVR_EXCL_START: a test would write 2 GiB
            lengths_.push_back(length_);
            length_ = 0;
            // GCOVR_EXCL_STOP
        }
        append(buffer_, stored);
        ++length_;
        ++size_;
        width_ = sizeof(T);
        if (buffer_.size() >= buffer_bytes) { flush(); }
    }

    template <class T>
    static void append(std::string& to, T value) {
        to.append(reinterpret_cast<char const*>(&value), sizeof(T));
    }

    void flush() {
        bin_.write(buffer_);
        buffer_.clear();
    }

    void write_index() {
        std::string text(detail::binidx_magic);
        append(text, std::uint64_t{1});
        append(text, type_);
        append(text, static_cast<std::uint64_t>(lengths_.size()));
        append(text, static_cast<std::uint64_t>(document_ends_.size() + 1));
        for (std::int32_t const length : lengths_) { append(text, length); }
        std::int64_t offset = 0;
        for (std::int32_t const length : lengths_) {
            append(text, offset);
            offset += std::int64_t{length} * static_cast<std::int64_t>(width_);
        }
        append(text, std::int64_t{0});
        for (std::int64_t const end : document_ends_) { append(text, end); }
        idx_.write(text);
    }

    std::string prefix_;
    BinidxType type_;
    FileWriter bin_, idx_;
    std::string buffer_;
    std::vector<std::int32_t> lengths_;        // of sequences
    std::vector<std::int64_t> document_ends_;  // how many sequences there are up to each
    std::int32_t length_ = 0;                  // of the sequence that has not ended
    std::size_t width_ = 0;
    index size_ = 0;
};

}  // namespace spikelet
