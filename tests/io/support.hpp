// SPDX-License-Identifier: MIT
// What tests of files share: a folder that goes away, whole files, and the golden data.
#pragma once

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

namespace spikelet_test {

/// An empty folder for one test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "spikelet-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) { std::abort(); }
        path_ = pattern;
    }
    TemporaryFolder(TemporaryFolder const&) = delete;
    TemporaryFolder& operator=(TemporaryFolder const&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    /// The path of a file in it.
    [[nodiscard]] std::string operator/(std::string_view name) const {
        return (path_ / name).string();
    }

    /// Number of files, hidden ones included.
    [[nodiscard]] auto count() const {
        return std::distance(std::filesystem::directory_iterator(path_), {});
    }

private:
    std::filesystem::path path_;
};

/// While it lives, no file grows beyond `bytes`: the last write that fits is short, the next fails.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        rlimit const limit{bytes, old_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(FileSizeLimit const&) = delete;
    FileSizeLimit& operator=(FileSizeLimit const&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    void (*handler_)(int);
    rlimit old_{};
};

/// While it lives, a process of the superuser may no more than anybody, and neither may a program
/// that it starts.
class AsNobody {
public:
    AsNobody() : was_root_(::geteuid() == 0 && ::setresuid(nobody, nobody, 0) == 0) {}
    AsNobody(AsNobody const&) = delete;
    AsNobody& operator=(AsNobody const&) = delete;
    ~AsNobody() {
        if (was_root_ && ::setresuid(0, 0, 0) != 0) { std::abort(); }
    }

    /// False where the superuser cannot become somebody else.
    [[nodiscard]] bool works() const { return ::geteuid() != 0; }

private:
    static constexpr uid_t nobody = 65534;

    bool was_root_;
};

inline void write_file(std::string const& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

/// Writes `end` at this place of a file that is there; between its end and that place are zeros,
/// which take no room on most disks. False where files cannot be as large.
inline bool write_behind(std::string const& path, std::uintmax_t place, std::string_view end) {
    std::error_code error;
    std::filesystem::resize_file(path, place, error);
    if (!error) { std::ofstream(path, std::ios::binary | std::ios::app) << end; }
    return !error;
}

inline std::string read_file(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Where the golden data are: $SPIKELET_SHARED, or a folder "shared" beside the repository.
inline std::filesystem::path shared_folder() {
    char const* const chosen = std::getenv("SPIKELET_SHARED");
    if (chosen != nullptr) { return chosen; }
    return std::filesystem::path(SPIKELET_SOURCE_DIR) / ".." / "shared";
}

}  // namespace spikelet_test
