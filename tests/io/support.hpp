// SPDX-License-Identifier: MIT
// What tests of files share: a folder that goes away, whole files, and the golden data.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

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

inline void write_file(std::string const& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
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
