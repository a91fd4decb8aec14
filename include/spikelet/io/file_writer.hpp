// SPDX-License-Identifier: MIT
// Files that are written whole or not at all (POSIX): the bytes go to a temporary file in the same
// folder, reach the disk, and take the place of the old file in one step.
#pragma once

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/checksum.hpp>
#include <spikelet/io/file.hpp>

namespace spikelet {

namespace detail {

// Waits until what was written is on the disk. Some file systems have nothing to flush and say so
// with EINVAL.
inline void flush_to_disk(int descriptor, char const* attempt, std::string const& path) {
    int result = ::fsync(descriptor);
    while (result != 0 && errno == EINTR) { result = ::fsync(descriptor); }
    if (result != 0 && errno != EINVAL) { fail_with_errno(errno, attempt, path); }
}

}  // namespace detail

/// Hears of every portion of a file how many bytes are written by now. What it throws ends the
/// writing.
using WriteWatch = std::function<void(std::size_t written)>;

/// A file on its way. Without `commit` (an exception, an early return) the old file stays as it is
/// and nothing is left behind. Every member throws Error.
class FileWriter {
public:
    /// `path` may exist, as a regular file; the new one takes over its permissions. A symbolic link
    /// is replaced, not followed.
    explicit FileWriter(std::string path) : path_(std::move(path)) {
        std::size_t const slash = path_.rfind('/');
        name_ = slash == std::string::npos ? path_ : path_.substr(slash + 1);
        if (name_.empty()) { fail("file", quote(path_) + " is not the name of a file"); }
        std::string const folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
        folder_ = FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder_.is_open()) { fail_with_errno(errno, "open the folder of", path_); }

        struct stat old {};
        bool const exists = ::fstatat(folder_.number(), name_.c_str(), &old, 0) == 0;
        if (exists && !S_ISREG(old.st_mode)) {
            fail("file", quote(path_) + " is there and is not a regular file");
        }
        // What replaces a private file is never open to others; where a file system has no
        // permissions to take over, it stays private.
        create_temporary(exists ? 0600 : 0666);
        if (exists) { static_cast<void>(::fchmod(file_.number(), old.st_mode & 07777)); }
    }

    FileWriter(FileWriter const&) = delete;
    FileWriter& operator=(FileWriter const&) = delete;
    ~FileWriter() { remove_temporary(); }

    /// Appends.
    void write(std::span<std::byte const> bytes) {
        while (!bytes.empty()) {
            constexpr std::size_t portion = std::size_t{1} << 24;
            ssize_t const count =
                ::write(file_.number(), bytes.data(), (std::min)(bytes.size(), portion));
            if (count < 0 && errno == EINTR) { continue; }
            if (count <= 0) { fail_to_write(errno); }
            if (sum_ != nullptr) { sum_->add(bytes.first(static_cast<std::size_t>(count))); }
            bytes = bytes.subspan(static_cast<std::size_t>(count));
            written_ += static_cast<std::size_t>(count);
            if (watch_) { watch_(written_); }
        }
    }
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

    /// Replaces bytes that were written before, from `offset` on.
    void overwrite(std::size_t offset, std::string_view text) {
        if (offset > written_ || text.size() > written_ - offset) { fail_to_write(EINVAL); }
        while (!text.empty()) {
            ssize_t const count =
                ::pwrite(file_.number(), text.data(), text.size(), static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) { continue; }
            if (count <= 0) { fail_to_write(errno); }
            text.remove_prefix(static_cast<std::size_t>(count));
            offset += static_cast<std::size_t>(count);
        }
    }

    /// Adds to `sum` what is appended from now on; it must outlive that. Null ends it.
    void sum_into(Checksum* sum) { sum_ = sum; }

    /// From now on `watch` hears of what is appended.
    void watch(WriteWatch watch) { watch_ = std::move(watch); }

    /// How many bytes were appended.
    [[nodiscard]] std::size_t written() const { return written_; }

    /// Waits until what was written is on the disk.
    void sync() const { detail::flush_to_disk(file_.number(), "flush", path_); }

    /// Puts the file in its place. Nothing can be written afterwards.
    void commit() {
        sync();
        file_ = {};
        if (::renameat(folder_.number(), temporary_.c_str(), folder_.number(), name_.c_str()) !=
            0) {
            fail_with_errno(errno, "replace", path_);
        }
        temporary_.clear();
        detail::flush_to_disk(folder_.number(), "flush the folder of", path_);
    }

private:
    void create_temporary(mode_t mode) {
        std::string const prefix = ".spikelet-" + std::to_string(::getpid()) + "-";
        for (int attempt = 0; !file_.is_open(); ++attempt) {
            std::string name = prefix + std::to_string(attempt) + ".tmp";
            constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
            file_ = FileDescriptor(::openat(folder_.number(), name.c_str(), flags, mode));
            if (file_.is_open()) {
                temporary_ = std::move(name);
            } else if (errno != EINTR && (errno != EEXIST || attempt == 1000)) {
                fail_with_errno(errno, "create a temporary file beside", path_);
            }
        }
    }

    void remove_temporary() {
        if (!temporary_.empty()) { ::unlinkat(folder_.number(), temporary_.c_str(), 0); }
    }

    [[noreturn]] void fail_to_write(int reason) const {
        fail_with_errno(reason, "write", path_, " after " + std::to_string(written_) + " bytes");
    }

    std::string path_;
    std::string name_;
    std::string temporary_;  // empty when there is none
    FileDescriptor folder_;
    FileDescriptor file_;
    std::size_t written_ = 0;
    Checksum* sum_ = nullptr;
    WriteWatch watch_;
};

/// Writes `path` whole or not at all: `fill(FileWriter&)` says what. Throws Error; whatever `fill`
/// throws leaves the old file in place.
///
///     write_file_atomically("notes.txt", [](FileWriter& file) { file.write("spikes\n"); });
template <std::invocable<FileWriter&> Fill>
void write_file_atomically(std::string path, Fill&& fill) {
    FileWriter file(std::move(path));
    std::forward<Fill>(fill)(file);
    file.commit();
}

}  // namespace spikelet
