// SPDX-License-Identifier: MIT
// Files to read, as memory (POSIX).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>

namespace spikelet {

/// An open file descriptor, closed at the end of its life.
class FileDescriptor {
public:
    FileDescriptor() = default;
    /// Owns an open descriptor; below 0: none.
    explicit FileDescriptor(int number) : number_(number) {}
    FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~FileDescriptor() {
        if (is_open()) { ::close(number_); }
    }

    /// Whether it has a descriptor.
    [[nodiscard]] bool is_open() const { return number_ >= 0; }
    /// The descriptor, or -1.
    [[nodiscard]] int number() const { return number_; }

private:
    int number_ = -1;
};

/// Throws Error: "file: cannot open 'a.txt': No such file or directory".
[[noreturn]] inline void fail_with_errno(int reason, std::string_view attempt,
                                         std::string_view path, std::string_view after = "") {
    fail("file", "cannot " + std::string(attempt) + " " + quote(path) + ": " +
                     std::generic_category().message(reason) + std::string(after));
}

/// A file as read-only memory, for as long as this value lives. Bytes are read from the disk when
/// they are first touched. The file must not be cut short meanwhile; replacing it by another
/// (as `write_file_atomically` does) is harmless.
class MappedFile {
public:
    MappedFile() = default;

    /// Throws Error if `path` is not a regular file that can be read.
    explicit MappedFile(std::string path) : path_(std::move(path)) {
        // Without O_NONBLOCK a named pipe would wait here for its other end.
        FileDescriptor const file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!file.is_open()) { fail_with_errno(errno, "open", path_); }
        struct stat status {};
        if (::fstat(file.number(), &status) != 0) { fail_with_errno(errno, "open", path_); }
        if (S_ISDIR(status.st_mode)) { fail("file", quote(path_) + " is a directory"); }
        if (!S_ISREG(status.st_mode)) { fail("file", quote(path_) + " is not a regular file"); }
        auto const size = static_cast<std::size_t>(status.st_size);
        if (static_cast<off_t>(size) != status.st_size) {  // where addresses have 32 bits
            fail("file", quote(path_) + " is larger than all memory that a program can have");
        }
        if (size > 0) { map(file, size); }
    }

    MappedFile(MappedFile&& other) noexcept { swap(other); }
    MappedFile& operator=(MappedFile&& other) noexcept {
        swap(other);
        return *this;
    }
    ~MappedFile() {
        if (memory_ != nullptr) { ::munmap(memory_, size_); }
    }

    /// As it was given.
    [[nodiscard]] std::string const& path() const { return path_; }

    /// The content; empty if the file is.
    [[nodiscard]] std::span<std::byte const> bytes() const {
        return {static_cast<std::byte const*>(memory_), size_};
    }
    /// The content as characters.
    [[nodiscard]] std::string_view text() const {
        return {static_cast<char const*>(memory_), size_};
    }

    /// Gives back the memory of bytes that are not needed for now, as far as they are whole pages
    /// of this file. They stay readable, from the disk.
    void release(std::span<std::byte const> part) const {
        auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        auto const from = reinterpret_cast<std::uintptr_t>(part.data());
        auto const file = reinterpret_cast<std::uintptr_t>(memory_);
        if (from < file || from + part.size() > file + size_) { return; }
        std::uintptr_t const first = (from + page - 1) / page * page;
        std::uintptr_t const last = (from + part.size()) / page * page;
        if (first < last) {
            static_cast<void>(::madvise(static_cast<std::byte*>(memory_) + (first - file),
                                        last - first, MADV_DONTNEED));
        }
    }

private:
    void map(FileDescriptor const& file, std::size_t size) {
        void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
        if (memory == MAP_FAILED) { fail_with_errno(errno, "map", path_); }
        memory_ = memory;
        size_ = size;
    }

    void swap(MappedFile& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(memory_, other.memory_);
        std::swap(size_, other.size_);
    }

    std::string path_;
    void* memory_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace spikelet
