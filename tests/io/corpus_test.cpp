// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/corpus.hpp>

#include "io/support.hpp"

namespace spikelet_test::corpus_test {

using namespace spikelet;
using Ids = std::vector<std::int32_t>;

namespace {

// A text whose byte at i is i.
ByteText counting(spikelet::index size) {
    std::string text;
    for (spikelet::index i = 0; i < size; ++i) {
        text += static_cast<char>(static_cast<unsigned char>(i));
    }
    return ByteText(Text::of_string(std::move(text), "counting"));
}

// Whether each row counts up by one, and the target is one ahead.
bool counts_up(Batch const& batch) {
    for (spikelet::index b = 0; b < batch.input.batch; ++b) {
        auto const input = batch.input.row(b);
        auto const target = batch.target.row(b);
        for (std::size_t t = 0; t < input.size(); ++t) {
            if (input[t] != input[0] + static_cast<std::int32_t>(t)) { return false; }
            if (target[t] != input[t] + 1) { return false; }
        }
    }
    return true;
}

Ids all_ids(Corpus const& corpus) {
    Ids ids(static_cast<std::size_t>(corpus.size()));
    corpus.copy(0, ids);
    return ids;
}

}  // namespace

TEST_CASE("corpus: a batch is pieces of the text and what follows them") {
    ByteText const text = counting(200);
    Rng rng{1};
    auto const [input, target] = text.batch(4, 16, rng);
    CHECK(input.batch == 4);
    CHECK(input.time == 16);
    CHECK(input.ids.size() == 64);
    CHECK(target.ids.size() == 64);
    CHECK(counts_up({input, target}));
}

TEST_CASE("corpus: every piece that fits is drawn, none else, all about as often") {
    constexpr spikelet::index size = 20;
    constexpr spikelet::index time = 12;
    ByteText const text = counting(size);
    Rng rng{5};
    std::vector<int> drawn(size, 0);
    for (int round = 0; round < 1000; ++round) {
        Batch const batch = text.batch(8, time, rng);
        REQUIRE(counts_up(batch));
        for (spikelet::index b = 0; b < 8; ++b) {
            ++drawn[static_cast<std::size_t>(batch.input.row(b)[0])];
        }
    }
    for (spikelet::index first = 0; first < size; ++first) {
        int const count = drawn[static_cast<std::size_t>(first)];
        CAPTURE(first);
        if (first < size - time) {
            CHECK(count > 850);
            CHECK(count < 1150);
        } else {
            CHECK(count == 0);
        }
    }
}

TEST_CASE("corpus: a text of time + 1 ids has exactly one piece") {
    ByteText const text = counting(9);
    Rng rng{5};
    Batch const batch = text.batch(2, 8, rng);
    CHECK(batch.input.ids == Ids{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(batch.target.ids == Ids{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("corpus: a text that is too short says so") {
    TemporaryFolder folder;
    std::string const path = folder / "short.txt";
    write_file(path, "12345678");
    Rng rng{5};
    CHECK_THROWS_WITH_AS(ByteText{path}.batch(1, 8, rng),
                         ("corpus: '" + path + "' has 8 ids, at least 8 + 1 are needed").c_str(),
                         Error);
    write_file(path, "");
    CHECK_THROWS_WITH_AS(ByteText{path}.batch(1, 64, rng),
                         ("corpus: '" + path + "' has 0 ids, at least 64 + 1 are needed").c_str(),
                         Error);
    CHECK_THROWS_WITH_AS(counting(9).batch(0, 8, rng),
                         "corpus: a batch of [0, 8] ids was asked for", Error);
    CHECK_THROWS_WITH_AS(counting(9).batch(1, 0, rng),
                         "corpus: a batch of [1, 0] ids was asked for", Error);
}

TEST_CASE("corpus: a batch that is filled again takes no memory and is the same") {
    ByteText const text = counting(100);
    Rng rng{9};
    Rng same{9};
    Batch batch;
    text.batch(4, 16, rng, batch);
    CHECK(batch == text.batch(4, 16, same));
    auto const* const memory = batch.input.ids.data();
    text.batch(4, 16, rng, batch);
    CHECK(batch == text.batch(4, 16, same));
    CHECK(batch.input.ids.data() == memory);
    text.batch(2, 8, rng, batch);
    CHECK(batch.input.batch == 2);
    CHECK(batch.input.ids.size() == 16);
    CHECK(batch.input.ids.data() == memory);
}

TEST_CASE("corpus: windows predict every id but the first exactly once") {
    for (spikelet::index const size : {2, 9, 10, 16, 17, 18}) {
        ByteText const text = counting(size);
        Ids targets;
        for (spikelet::index i = 0; i + 1 < text.size(); i += 8) {
            Batch const window = text.window(i, 8);
            CHECK(window.input.batch == 1);
            CHECK(window.input.time == window.target.time);
            CHECK(counts_up(window));
            CHECK(window.input.ids[0] == i);
            targets.insert(targets.end(), window.target.ids.begin(), window.target.ids.end());
        }
        Ids expected = all_ids(text);
        expected.erase(expected.begin());
        CHECK(targets == expected);
    }
}

TEST_CASE("corpus: a window where nothing follows is refused") {
    ByteText const text = counting(10);
    CHECK_THROWS_WITH_AS(text.window(9, 4),
                         "corpus: 'counting' has 10 ids, no window of 4 begins at 9", Error);
    CHECK_THROWS_AS(text.window(-1, 4), Error);
    CHECK_THROWS_AS(text.window(0, 0), Error);
    CHECK_THROWS_AS(counting(0).window(0, 1), Error);
}

TEST_CASE("corpus: bytes of several files are one sequence") {
    TemporaryFolder folder;
    write_file(folder / "a", "abc");
    write_file(folder / "b", "def");
    Corpus const corpus(Text::of_files({folder / "a", folder / "b"}), Vocabulary::bytes());
    CHECK(corpus.size() == 6);
    CHECK(corpus.byte_count() == 6);
    CHECK(corpus.window(1, 4).target.ids == Ids{'c', 'd', 'e', 'f'});
}

TEST_CASE("corpus: characters become ids once") {
    Text const text = Text::of_string("b€a ä😀");
    Vocabulary const characters = Vocabulary::characters_of(text);
    Corpus const corpus(text, characters);
    CHECK(corpus.size() == 6);
    CHECK(corpus.byte_count() == text.size());
    CHECK(all_ids(corpus) == characters.encode("b€a ä😀"));
    Rng rng{1};
    CHECK(corpus.batch(1, 5, rng).target.ids == characters.encode("€a ä😀"));
}

TEST_CASE("corpus: what is only in the text to validate on becomes the space") {
    TextSplit const parts = Text::of_string("ab ab ab xyz").split(0.25);
    Vocabulary const characters = Vocabulary::characters_of(parts.train);
    CHECK(characters.symbols() == " ab");
    CHECK(all_ids(Corpus(parts.valid, characters)) == Ids{0, 0, 0});
}

TEST_CASE("corpus: more than 65536 characters have ids of their own") {
    std::string text;
    for (char32_t c = 0x10000; c < 0x20002; ++c) { append_utf8(text, c); }
    Text const all = Text::of_string(text);
    Vocabulary const characters = Vocabulary::characters_of(all);
    REQUIRE(characters.size() == 65538);
    Corpus const corpus(all, characters);
    CHECK(corpus.window(65535, 2).input.ids == Ids{65535, 65536});
    CHECK(corpus.window(65535, 2).target.ids == Ids{65536, 65537});
}

TEST_CASE("corpus: characters that are not UTF-8 are found in their file") {
    TemporaryFolder folder;
    write_file(folder / "a", "ab\xff");
    CHECK_THROWS_WITH_AS(
        Corpus(Text(folder / "a"), Vocabulary::of_symbols("ab")),
        ("'" + (folder / "a") + "': byte 2 (value 255) is not valid UTF-8").c_str(), Error);
}

TEST_CASE("corpus: ids may come from elsewhere") {
    Corpus const small("words", std::vector<std::uint16_t>{5, 50000, 7}, 30);
    CHECK(small.name() == "words");
    CHECK(small.byte_count() == 30);
    CHECK(small.window(0, 9).target.ids == Ids{50000, 7});
    Corpus const large("words", std::vector<std::uint32_t>{5, 100'000, 7}, 30);
    CHECK(large.window(0, 9).target.ids == Ids{100'000, 7});
}

}  // namespace spikelet_test::corpus_test
