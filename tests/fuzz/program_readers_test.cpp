// SPDX-License-Identifier: MIT
// Every reader of the program spikegpt against files that are broken on purpose.
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "fuzz/program_readers.hpp"
#include "fuzz/replay.hpp"

namespace spikelet_test::program_readers_test {

namespace {

// Whole lines of the head and of steps up to 2.
std::string lines_to_keep(std::string_view text) {
    std::string kept;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        if (text.front() != '3') { kept += text.substr(0, end + 1); }
        text.remove_prefix(end + 1);
    }
    return kept;
}

}  // namespace

TEST_CASE("program_readers: whatever a file holds, a reader takes it or throws Error") {
    for (fuzz::Reader const& reader : fuzz::program_readers) {
        CAPTURE(reader.name);
        CHECK(fuzz::replay(reader, 300) == "");
    }
}

TEST_CASE("program_readers: metrics that are cut anywhere keep whole lines and nothing else") {
    TemporaryFolder const folder;
    std::string const path = folder / "metrics.csv";
    for (std::string const& seed : fuzz::readers::metrics_seeds()) {
        for (std::size_t length = 0; length <= seed.size(); ++length) {
            CAPTURE(length);
            write_file(path, seed.substr(0, length));
            spikegpt::Metrics const metrics(path, 2);
            CHECK(read_file(path) == lines_to_keep(seed.substr(0, length)));
        }
    }
}

}  // namespace spikelet_test::program_readers_test
