// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <spikelet/io/binidx.hpp>
#include <spikelet/io/binidx_writer.hpp>

#include "io/support.hpp"
#include "io/tokens.hpp"

namespace spikelet_test::binidx_test {

using namespace spikelet;

namespace {

template <class T>
void append(std::string& to, T value) {
    to.append(reinterpret_cast<char const*>(&value), sizeof(T));
}

// Documents [3 ids], [none], [2 ids].
void write_small(std::string const& prefix, BinidxType type) {
    BinidxWriter writer(prefix, type);
    writer.add(Ids{1, 2});
    writer.add(Ids{127});
    writer.end_document();
    writer.end_document();
    writer.add(Ids{0, 100});
    writer.commit();
}

// The files by hand: two sequences of doubles.
std::string small_index(std::uint8_t code, std::int64_t width) {
    std::string idx("MMIDIDX\0\0", 9);
    append(idx, std::uint64_t{1});
    append(idx, code);
    append(idx, std::uint64_t{2});
    append(idx, std::uint64_t{2});
    append(idx, std::int32_t{1});
    append(idx, std::int32_t{2});
    append(idx, std::int64_t{0});
    append(idx, width);
    append(idx, std::int64_t{0});
    append(idx, std::int64_t{2});
    return idx;
}

// What is said of an index with these bytes at a place, beside 24 bytes of ids.
std::string complaint_with(std::size_t place, std::string const& bytes) {
    TemporaryFolder const folder;
    std::string idx = small_index(6, 8);
    write_file(folder / "x.idx", idx.replace(place, bytes.size(), bytes));
    write_file(folder / "x.bin", std::string(24, '\0'));
    try {
        Binidx const file(folder / "x");
    } catch (Error const& error) {
        std::string const said = error.what();
        std::string const where = "'" + (folder / "x.idx") + "': ";
        CHECK(said.starts_with(where));
        return said.substr(std::min(where.size(), said.size()));
    }
    return "";
}

template <class T>
std::string with(T value) {
    std::string bytes;
    append(bytes, value);
    return bytes;
}

}  // namespace

TEST_CASE("binidx: what was written is read, whatever ids are stored as") {
    for (auto const type :
         {BinidxType::uint8, BinidxType::int8, BinidxType::int16, BinidxType::int32,
          BinidxType::int64, BinidxType::float64, BinidxType::float64_or_32, BinidxType::uint16}) {
        CAPTURE(static_cast<int>(type));
        TemporaryFolder const folder;
        write_small(folder / "x", type);
        for (char const* name : {"x", "x.idx", "x.bin"}) {
            Binidx const file(folder / name);
            CHECK(file.type() == type);
            CHECK(file.sequences() == 3);
            CHECK(file.size() == 5);
            CHECK(file.ids(0) == Ids{1, 2, 127});
            CHECK(file.ids(1) == Ids{});
            CHECK(file.ids(2) == Ids{0, 100});
            CHECK(file.document_entries() == 4);
            CHECK(file.document(2) == 2);
            CHECK(file.document(3) == 3);
        }
        CHECK(folder.count() == 2);
    }
}

TEST_CASE("binidx: the bytes are those that the documentation says") {
    TemporaryFolder const folder;
    BinidxWriter writer(folder / "x", BinidxType::float64);
    writer.add(Ids{1});
    writer.end_document();
    writer.add(Ids{2, 3});
    writer.commit();
    std::string expected = small_index(6, 8);
    append(expected, std::int64_t{2});
    expected.replace(26, 8, with(std::uint64_t{3}));
    expected.replace(expected.size() - 16, 8, with(std::int64_t{1}));
    CHECK(read_file(folder / "x.idx") == expected);
    CHECK(read_file(folder / "x.bin") == with(1.0) + with(2.0) + with(3.0));
}

TEST_CASE("binidx: floats of newer files are known by their size") {
    TemporaryFolder const folder;
    write_file(folder / "x.idx", small_index(7, 4));
    write_file(folder / "x.bin", with(5.0F) + with(6.0F) + with(7.0F));
    CHECK(Binidx(folder / "x").ids(1) == Ids{6, 7});
}

TEST_CASE("binidx: numbers that are no ids are refused when they are read") {
    TemporaryFolder const folder;
    write_file(folder / "x.idx", small_index(6, 8));
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (double const number : {-1.0, 0.5, 3e9, nan}) {
        write_file(folder / "x.bin", with(5.0) + with(6.0) + with(number));
        Binidx const file(folder / "x");
        CHECK(file.ids(0) == Ids{5});
        CHECK_THROWS_AS(file.ids(1), Error);
    }
}

TEST_CASE("binidx: ids that do not fit are not written") {
    TemporaryFolder const folder;
    BinidxWriter writer(folder / "x", BinidxType::uint16);
    writer.add(Ids{65535});
    std::string const message =
        "'" + (folder / "x.bin") + "': 65536 cannot be stored as type 8 of binidx";
    CHECK_THROWS_WITH_AS(writer.add(Ids{65536}), message.c_str(), Error);
    CHECK_THROWS_AS(writer.add(Ids{-1}), Error);
}

TEST_CASE("binidx: without commit old files stay") {
    TemporaryFolder const folder;
    write_small(folder / "x", BinidxType::uint8);
    {
        BinidxWriter writer(folder / "x", BinidxType::uint16);
        writer.add(Ids{7});
    }
    CHECK(folder.count() == 2);
    CHECK(Binidx(folder / "x").size() == 5);
}

TEST_CASE("binidx: files that are not there are named") {
    TemporaryFolder const folder;
    std::string const message =
        "file: cannot open '" + (folder / "x.idx") + "': No such file or directory";
    CHECK_THROWS_WITH_AS(Binidx(folder / "x.bin"), message.c_str(), Error);
}

TEST_CASE("binidx: every count and offset is checked") {
    CHECK(complaint_with(0, "") == "");
    CHECK(complaint_with(0, "X") == "it is no index of ids, which begins with MMIDIDX");
    CHECK(complaint_with(9, with(std::uint64_t{2})) == "it has version 2, expected 1");
    CHECK(complaint_with(17, std::string(1, '\0')) == "the type of its ids is 0, expected 1 to 8");
    CHECK(complaint_with(17, "\x09") == "the type of its ids is 9, expected 1 to 8");
    CHECK(complaint_with(18, with(std::uint64_t{3})) ==
          "it has 74 bytes, which is not what 3 sequences and 2 entries of documents take");
    std::string const huge = with(~std::uint64_t{0});
    CHECK(complaint_with(18, huge).starts_with("it has 74 bytes, which is not what 1844"));
    CHECK(complaint_with(26, huge).starts_with("it has 74 bytes, which is not what 2 seq"));
    CHECK(complaint_with(34, with(std::int32_t{-1})) == "sequence 0 has -1 ids");
    CHECK(complaint_with(38, with(std::int32_t{3})).starts_with("sequence 1 lies at bytes 8 "));
    CHECK(complaint_with(42, with(std::int64_t{-8})).starts_with("sequence 0 lies at bytes -8 "));
    auto const far = std::numeric_limits<std::int64_t>::max();
    CHECK(complaint_with(50, with(far)).starts_with("sequence 1 lies at bytes 92"));
    CHECK(complaint_with(58, with(std::int64_t{-1})) ==
          "entry 0 of the documents is -1, expected 0 to 2");
    CHECK(complaint_with(66, with(std::int64_t{3})) ==
          "entry 1 of the documents is 3, expected 0 to 2");
}

TEST_CASE("binidx: sequences that share bytes of the ids are refused") {
    // Both of the two sequences have two ids, one of them in common.
    CHECK(complaint_with(34, with(std::int32_t{2})).starts_with("its sequences have 4 ids of 8"));
}

TEST_CASE("binidx: more than 2^32 ids in more than 2^33 bytes") {
    constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
    constexpr std::int64_t width = 2;
    std::string idx("MMIDIDX\0\0", 9);
    append(idx, std::uint64_t{1});
    append(idx, static_cast<std::uint8_t>(BinidxType::uint16));
    append(idx, std::uint64_t{3});
    append(idx, std::uint64_t{2});
    for (std::int32_t const length : {most, most, 5}) { append(idx, length); }
    for (std::int64_t const first : {0, 1, 2}) { append(idx, first * most * width); }
    for (std::int64_t const document : {0, 3}) { append(idx, document); }
    TemporaryFolder const folder;
    write_file(folder / "x.idx", idx);
    write_file(folder / "x.bin", with(std::uint16_t{7}));
    if (!write_behind(folder / "x.bin", std::uintmax_t{2} * most * width + 3 * width,
                      with(std::uint16_t{8}) + with(std::uint16_t{9}))) {
        MESSAGE("left out: no file can be as large here");
        return;
    }
    Binidx const file(folder / "x");
    CHECK(file.size() == spikelet::index{2} * most + 5);
    CHECK(file.ids(2) == Ids{0, 0, 0, 8, 9});
}

TEST_CASE("binidx: broken files are refused or read, never worse") {
    Rng rng(4);
    TemporaryFolder const folder;
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
        std::string const idx =
            i % 2 == 0 ? mutated(small_index(8, 2), rng) : random_bytes(rng, rng.below(90));
        write_file(folder / "x.idx", idx);
        write_file(folder / "x.bin", random_bytes(rng, rng.below(30)));
        try {
            Binidx const file(folder / "x");
            for (spikelet::index k = 0; k < file.sequences(); ++k) {
                CHECK(std::ssize(file.ids(k)) == file.length(k));
            }
        } catch (Error const&) { ++refused; }
    }
    CHECK(refused > 500);
}

TEST_CASE("binidx: a file of Megatron's has the numbers that are known of it") {
    auto const source = shared_folder() / "data" / "binidx_openwebtext1k";
    std::string const name = "meg-gpt2-openwebtext_text_document";
    TemporaryFolder const folder;
    std::string const unpack = "xz -dc '" + (source / (name + ".bin.xz")).string() + "' > '" +
                               (folder / "x.bin") + "' 2> /dev/null";
    if (std::system(unpack.c_str()) != 0) {
        MESSAGE("skipped: no ", source.string(), ", or no xz");
        return;
    }
    write_file(folder / "x.idx", read_file(source / (name + ".idx")));
    Binidx const file(folder / "x");
    std::map<std::string, std::string> expected;
    std::istringstream table(read_file(source / "EXPECT.tsv"));
    for (std::string line; std::getline(table, line);) {
        expected[line.substr(0, line.find('\t'))] = line.substr(line.find('\t') + 1);
    }
    CHECK(static_cast<int>(file.type()) == std::stoi(expected.at("dtype_code")));
    CHECK(file.sequences() == std::stol(expected.at("sequences")));
    CHECK(file.document_entries() == std::stol(expected.at("doc_idx_entries")));
    CHECK(file.size() == std::stol(expected.at("tokens")));
    std::int64_t sum = 0;
    for (spikelet::index i = 0; i < file.sequences(); ++i) {
        file.for_each_id(i, [&](std::int32_t id) { sum += id; });
    }
    CHECK(sum == std::stol(expected.at("sum_of_ids")));
    for (spikelet::index const i : {0, 1, 500, 999}) {
        std::string const key = "seq" + std::to_string(i);
        CHECK(file.length(i) == std::stol(expected.at(key + "_len")));
        CHECK(file.offset(i) == std::stol(expected.at(key + "_pointer")));
        auto const ids = file.ids(i);
        std::string first, last;
        for (std::size_t k = 0; k < 8; ++k) { first += (k ? " " : "") + std::to_string(ids[k]); }
        for (std::size_t k = ids.size() - 4; k < ids.size(); ++k) {
            last += (last.empty() ? "" : " ") + std::to_string(ids[k]);
        }
        CHECK(first == expected.at(key + "_first8"));
        CHECK(last == expected.at(key + "_last4"));
    }
}

TEST_CASE("binidx: the golden pair of files") {
    auto const source = shared_folder() / "golden" / "binidx";
    if (!std::filesystem::exists(source)) {
        MESSAGE("skipped: no ", source.string());
        return;
    }
    auto const expected = nlohmann::json::parse(read_file((source / "toy.json").string()));
    std::vector<std::vector<std::int32_t>> const documents = expected.at("documents");
    Binidx const file((source / "toy").string());
    REQUIRE(file.sequences() == std::ssize(documents));
    for (spikelet::index i = 0; i < file.sequences(); ++i) {
        CHECK(file.ids(i) == documents[static_cast<std::size_t>(i)]);
    }
    CHECK(file.type() == BinidxType::uint16);
    CHECK(expected.at("dtype_code") == 8);
}

}  // namespace spikelet_test::binidx_test
