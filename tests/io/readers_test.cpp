// SPDX-License-Identifier: MIT
// Every reader against files that are broken on purpose, and every tokenizer against bytes that are
// no text.
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "fuzz/replay.hpp"

namespace spikelet_test::readers_test {

TEST_CASE("readers: whatever a file holds, a reader takes it or throws Error") {
    for (fuzz::Reader const& reader : fuzz::library_readers) {
        CAPTURE(reader.name);
        CHECK(fuzz::replay(reader, 300) == "");
    }
}

// $SPIKELET_RANDOM_MIB says how many MiB, $SPIKELET_VOCABULARY adds that of a file.
TEST_CASE("readers: random bytes and broken UTF-8 come back from every tokenizer") {
    char const* const asked = std::getenv("SPIKELET_RANDOM_MIB");
    char const* const path = std::getenv("SPIKELET_VOCABULARY");
    auto tokenizers = fuzz::exact_tokenizers();
    if (path != nullptr) { tokenizers.push_back({path, spikelet::load_vocabulary(path)}); }
    std::vector<fuzz::StreamedText> streams;
    for (auto const& [name, vocabulary] : tokenizers) { streams.emplace_back(vocabulary); }
    spikelet::Rng rng{2028};
    spikelet::index left = (asked == nullptr ? 2 : std::atol(asked)) << 20;
    while (left > 0) {
        auto const length = std::min(left, 1 + rng.below(100'000));
        std::string piece;
        if (rng.below(2) == 0) {
            piece = random_bytes(rng, length);
        } else {
            piece = random_text(rng, length / 2);
        }
        left -= std::ssize(piece);
        for (std::size_t i = 0; i < streams.size(); ++i) {
            CAPTURE(tokenizers[i].name);
            REQUIRE(streams[i].push(piece));
        }
    }
    for (std::size_t i = 0; i < streams.size(); ++i) {
        CAPTURE(tokenizers[i].name);
        CHECK(streams[i].finish());
    }
}

}  // namespace spikelet_test::readers_test
