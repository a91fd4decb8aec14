// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/safetensors.hpp>

#include "io/support.hpp"

namespace spikelet_test::safetensors_test {

using namespace spikelet;

namespace {

// A file of this header and these data.
std::string file_of(std::string_view header, std::string_view data) {
    std::uint64_t const length = header.size();
    std::string file(sizeof(length), '\0');
    std::memcpy(file.data(), &length, sizeof(length));
    return file.append(header).append(data);
}

std::string entry(std::string_view name, std::string_view dtype, std::string_view shape,
                  spikelet::index first, spikelet::index last) {
    std::string const offsets = std::to_string(first) + "," + std::to_string(last);
    return '"' + std::string(name) + R"(":{"dtype":")" + std::string(dtype) + R"(","shape":)" +
           std::string(shape) + R"(,"data_offsets":[)" + offsets + "]}";
}

// Three tensors of 17 bytes, only one of them aligned, and metadata.
std::string small_file() {
    constexpr char data[] = "\1\0\1\0\1"
                            "\1\0\xff\xff\2\0\3\0"
                            "\0\0\xc0\x3f";
    return file_of(R"({"__metadata__":{"k":"v"},)" + entry("b", "I16", "[2,2]", 5, 13) + "," +
                       entry("a", "BOOL", "[5]", 0, 5) + "," + entry("c", "F32", "[]", 13, 17) +
                       "}  ",
                   {data, sizeof(data) - 1});
}

SafetensorsContents parse(std::string const& file) {
    return parse_safetensors(std::as_bytes(std::span(file)), "'f'");
}

std::string complaint(std::string const& file) {
    try {
        static_cast<void>(parse(file));
    } catch (Error const& error) { return error.what(); }
    return {};
}

// Reads everything; false if a tensor lies outside of the file or its shape does not fit it.
bool is_sound(SafetensorsContents const& contents, std::span<std::byte const> file) {
    for (StoredTensor const& tensor : contents.tensors) {
        auto const bytes = byte_count(tensor.dtype, tensor.shape);
        bool const inside = tensor.bytes.data() >= file.data() &&
                            tensor.bytes.data() + tensor.bytes.size() <= file.data() + file.size();
        if (!inside || bytes != std::ssize(tensor.bytes)) { return false; }
        std::vector<double> values(static_cast<std::size_t>(tensor.size()));
        convert(tensor.dtype, tensor.bytes, std::span(values));
    }
    return true;
}

// Whether this file is refused with Error or read soundly. Memory ends where the file does.
bool is_safe(std::string const& file) {
    auto const bytes = std::as_bytes(std::span(file));
    std::vector<std::byte> const exact(bytes.begin(), bytes.end());
    try {
        return is_sound(parse_safetensors(exact), exact);
    } catch (Error const&) { return true; }
}

}  // namespace

TEST_CASE("safetensors: tensors are found with their shapes and values") {
    TemporaryFolder folder;
    write_file(folder / "small", small_file());
    auto const file = SafetensorsFile::open(folder / "small");
    CHECK(file.path() == folder / "small");
    CHECK(file.names() == std::vector<std::string>{"a", "b", "c"});
    CHECK(file.metadata() == Metadata{{"k", "v"}});
    CHECK(file.tensor("b").dtype == Dtype::I16);
    CHECK(file.tensor("b").shape == std::vector<spikelet::index>{2, 2});
    CHECK(file.tensor("c").shape.empty());
    CHECK(file.read<float>("a") == std::vector<float>{1, 0, 1, 0, 1});
    CHECK(file.read<double>("b") == std::vector<double>{1, -1, 2, 3});
    CHECK(file.read<std::int32_t>("b") == std::vector<std::int32_t>{1, -1, 2, 3});
    CHECK(file.read<float>("c") == std::vector<float>{1.5f});
    CHECK(file.read_bits<float>("c") == std::vector<float>{1.5f});
    CHECK(file.find("a") == &file.tensor("a"));
    CHECK(file.find("") == nullptr);
    CHECK(file.find("bb") == nullptr);
    CHECK(file.find("d") == nullptr);
}

TEST_CASE("safetensors: an open file moves") {
    TemporaryFolder folder;
    write_file(folder / "small", small_file());
    auto file = SafetensorsFile::open(folder / "small");
    SafetensorsFile const moved = std::move(file);
    CHECK(moved.read<float>("c") == std::vector<float>{1.5f});
}

TEST_CASE("safetensors: reading what does not fit says what is there") {
    TemporaryFolder folder;
    std::string const path = folder / "small";
    write_file(path, small_file());
    auto const file = SafetensorsFile::open(path);
    std::vector<float> room(3);
    CHECK_THROWS_WITH_AS(file.read("b", std::span(room)),
                         ("'" + path + "': tensor 'b' is I16 [2, 2], expected 3 elements").c_str(),
                         Error);
    CHECK_THROWS_WITH_AS(
        file.tensor("head"),
        ("'" + path + "': there is no tensor 'head' among the 3 of the file").c_str(), Error);
    CHECK_THROWS_WITH_AS(
        file.read<std::int32_t>("c"),
        ("'" + path + "': tensor 'c': F32 numbers may have a fraction, I32 has none").c_str(),
        Error);
    CHECK_THROWS_WITH_AS(file.read_bits<float>("b"),
                         ("'" + path + "': tensor 'b' is I16 [2, 2], expected F32").c_str(), Error);
    CHECK_THROWS_WITH_AS(file.read<std::uint8_t>("b"),
                         ("'" + path + "': tensor 'b': -1 at element 1 does not fit U8").c_str(),
                         Error);
}

TEST_CASE("safetensors: what is no file of the format is refused") {
    std::string const short_length(8, '\xff');
    CHECK(complaint("") ==
          "'f': not a safetensors file: 0 bytes, and the length of the header alone takes 8");
    CHECK(complaint("1234567") ==
          "'f': not a safetensors file: 7 bytes, and the length of the header alone takes 8");
    CHECK(complaint(short_length + "{}") ==
          "'f': not a safetensors file, or cut short: the header should have 18446744073709551615 "
          "bytes, at most 2 are possible");
    CHECK(complaint(file_of("", "")) == "'f': the header does not begin with '{'");
    CHECK(complaint(file_of(" {}", "")) == "'f': the header does not begin with '{'");
    CHECK(complaint(file_of("\xef\xbb\xbf{}", "")) == "'f': the header does not begin with '{'");
    CHECK(complaint(file_of("{}", "")).empty());
}

TEST_CASE("safetensors: a header of more than 100 MB is refused before it is read") {
    std::string const file = file_of(std::string(100'000'001, ' '), "");
    CHECK(complaint(file) ==
          "'f': not a safetensors file, or cut short: the header should have 100000001 bytes, at "
          "most 100000000 are possible");
}

TEST_CASE("safetensors: data are filled without gaps, overlaps and rest") {
    std::string const four = "1234";
    CHECK(complaint(file_of("{" + entry("a", "U8", "[4]", 0, 4) + "}", four)).empty());
    CHECK(complaint(file_of("{" + entry("a", "U8", "[4]", 0, 4) + "}", "123")) ==
          "'f': tensor 'a' has data_offsets [0, 4], but the file has only 3 bytes of data");
    CHECK(complaint(file_of("{" + entry("a", "U8", "[4]", 0, 4) + "}", "12345")) ==
          "'f': the file has 5 bytes of data, the tensors take 4");
    CHECK(complaint(file_of("{" + entry("a", "U8", "[3]", 1, 4) + "}", four)) ==
          "'f': tensor 'a' has data_offsets [1, 4], but should begin at 0");
    auto const two = [&](std::string const& first, std::string const& second) {
        return complaint(file_of("{" + first + "," + second + "}", four));
    };
    CHECK(two(entry("a", "U8", "[2]", 0, 2), entry("b", "U8", "[1]", 3, 4)) ==
          "'f': tensor 'b' has data_offsets [3, 4], but should begin at 2");
    CHECK(two(entry("a", "U8", "[3]", 0, 3), entry("b", "U8", "[2]", 2, 4)) ==
          "'f': tensor 'b' has data_offsets [2, 4], but should begin at 3");
    CHECK(two(entry("b", "U8", "[2]", 2, 4), entry("a", "U8", "[2]", 0, 2)).empty());
    CHECK(two(entry("a", "U8", "[0]", 0, 0), entry("b", "U8", "[4]", 0, 4)).empty());
    CHECK(two(entry("a", "U8", "[4]", 0, 4), entry("b", "F64", "[9,0]", 4, 4)).empty());
    CHECK(two(entry("a", "U8", "[4]", 0, 4), entry("b", "U8", "[0]", 2, 2)) ==
          "'f': tensor 'b' has data_offsets [2, 2], but should begin at 4");
    CHECK(two(entry("a", "U8", "[2]", 0, 2), entry("a", "U8", "[2]", 2, 4)) ==
          "'f': tensor 'a' is there twice");
}

TEST_CASE("safetensors: offsets must agree with type and shape") {
    auto const one = [](std::string_view dtype, std::string_view shape, spikelet::index first,
                        spikelet::index last) {
        return complaint(file_of("{" + entry("a", dtype, shape, first, last) + "}", "1234"));
    };
    CHECK(one("F32", "[1]", 0, 4).empty());
    CHECK(one("F32", "[2]", 0, 4) ==
          "'f': tensor 'a' has data_offsets [0, 4], but F32 [2] takes 8 bytes");
    CHECK(one("U8", "[4]", 4, 0) ==
          "'f': tensor 'a' has data_offsets [4, 0], but U8 [4] takes 4 bytes");
    CHECK(one("U8", "[4294967296,4294967296]", 0, 0) ==
          "'f': tensor 'a' has data_offsets [0, 0], but U8 [4294967296, 4294967296] takes more "
          "bytes than can be counted");
    CHECK(one("F64", "[2305843009213693953]", 0, 8) ==
          "'f': tensor 'a' has data_offsets [0, 8], but F64 [2305843009213693953] takes more "
          "bytes than can be counted");
    CHECK(one("U8", "[9223372036854775807]", 0, 9223372036854775807) ==
          "'f': tensor 'a' has data_offsets [0, 9223372036854775807], but the file has only 4 "
          "bytes of data");
}

TEST_CASE("safetensors: a file cut at any byte is refused") {
    std::string const whole = small_file();
    REQUIRE(complaint(whole).empty());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(complaint(whole.substr(0, length)).empty());
    }
}

TEST_CASE("safetensors: any bit may flip") {
    std::string const whole = small_file();
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string file = whole;
        file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << (bit % 8)));
        CAPTURE(bit);
        CHECK(is_safe(file));
    }
}

TEST_CASE("safetensors: thousands of broken files crash nothing") {
    constexpr std::string_view alphabet = "{}[]\",:0123456789-.eFIU_\\ \x00\xff";
    std::string const whole = small_file();
    Rng rng{2024};
    int unsafe = 0;
    for (int round = 0; round < 6000; ++round) {
        std::string file = whole;
        for (spikelet::index change = 0; change <= rng.below(4); ++change) {
            auto const at = static_cast<std::size_t>(rng.below(std::ssize(file)));
            char const byte = alphabet[static_cast<std::size_t>(rng.below(std::ssize(alphabet)))];
            switch (rng.below(4)) {
            case 0:
                file[at] = byte;
                break;
            case 1:
                file[at] = static_cast<char>(rng.below(256));
                break;
            case 2:
                file.insert(at, 1, byte);
                break;
            default:
                file.erase(at, static_cast<std::size_t>(1 + rng.below(3)));
                break;
            }
        }
        unsafe += is_safe(file) ? 0 : 1;
    }
    CHECK(unsafe == 0);
}

TEST_CASE("safetensors: the golden file of all types is read") {
    auto const path = shared_folder() / "golden" / "format" / "mixed.safetensors";
    if (!std::filesystem::exists(path)) {
        MESSAGE("skipped: no golden data at ", shared_folder().string());
        return;
    }
    auto const file = SafetensorsFile::open(path.string());
    for (char const* const name : {"f32", "bf16"}) {
        std::vector<float> const values = file.read<float>(name);
        REQUIRE(values.size() == 4);
        CHECK(values[0] == 1.5f);
        CHECK(values[1] == 0.0f);
        CHECK(std::signbit(values[1]));
        CHECK(values[2] == std::numeric_limits<float>::infinity());
        CHECK(values[3] > 2.9e-39f);  // subnormal, and cut short by BF16
        CHECK(values[3] < 3.1e-39f);
    }
    CHECK(file.read<float>("f16") == std::vector{0.5f, -65504.0f});
    CHECK(file.read<std::int64_t>("i64_scalar") == std::vector<std::int64_t>{-5});
    CHECK(file.tensor("i64_scalar").shape.empty());
    CHECK(file.tensor("empty").shape == std::vector<spikelet::index>{0, 7});
    CHECK(file.read<float>("empty").empty());
    CHECK(file.metadata().at("note") == "quote \" backslash \\ newline \n");
    CHECK(file.read<double>("f64") == std::vector{0.1});
    CHECK(file.read<std::uint8_t>("bool") == std::vector<std::uint8_t>{0, 1});
    CHECK(file.read<float>("gewicht.ä") == std::vector{7.0f, -8.0f});
    CHECK(file.read<float>("u8_first_makes_rest_unaligned") == std::vector{1.0f, 2.0f, 255.0f});
}

TEST_CASE("safetensors: a tensor behind 2^32 bytes, and one of more elements") {
    constexpr spikelet::index size = (spikelet::index{1} << 32) + 4;
    TemporaryFolder const folder;
    write_file(folder / "x", file_of("{" + entry("a", "U8", "[65537,65535,1,1]", 0, size - 5) +
                                         "," + entry("b", "U8", "[5]", size - 5, size) + "," +
                                         entry("c", "I32", "[2]", size, size + 8) + "}",
                                     ""));
    auto const header = std::filesystem::file_size(folder / "x");
    constexpr char numbers[] = "\1\0\0\0\2\0\0\0";
    if (!write_behind(folder / "x", header + static_cast<std::uintmax_t>(size), {numbers, 8})) {
        MESSAGE("left out: no file can be as large here");
        return;
    }
    MappedFile const file(folder / "x");
    auto const contents = parse_safetensors(file.bytes(), "'x'");
    REQUIRE(contents.tensors.size() == 3);
    CHECK(contents.tensors[0].size() == size - 5);
    std::vector<double> values(2);
    convert(Dtype::I32, contents.tensors[2].bytes, std::span(values));
    CHECK(values == std::vector<double>{1, 2});
}

TEST_CASE("safetensors: all golden files are read") {
    auto const folder = shared_folder() / "golden";
    if (!std::filesystem::exists(folder)) {
        MESSAGE("skipped: no golden data at ", shared_folder().string());
        return;
    }
    int count = 0;
    for (auto const& item : std::filesystem::recursive_directory_iterator(folder)) {
        if (item.path().extension() != ".safetensors") { continue; }
        CAPTURE(item.path().string());
        MappedFile const file(item.path().string());
        CHECK(is_sound(parse_safetensors(file.bytes(), file.path()), file.bytes()));
        ++count;
    }
    CHECK(count > 0);
}

}  // namespace spikelet_test::safetensors_test
