// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/half.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>

#include "io/support.hpp"

namespace spikelet_test::safetensors_writer_test {

using namespace spikelet;

namespace {

std::vector<float> random_floats(std::size_t count) {
    Rng rng{3};
    std::vector<float> values(count);
    for (float& value : values) { value = static_cast<float>(rng.normal()); }
    return values;
}

}  // namespace

TEST_CASE("safetensors_writer: what was written is read") {
    TemporaryFolder folder;
    std::vector<float> const w = random_floats(6);
    std::vector<std::uint8_t> const spikes{1, 0, 1};
    double const scalar = 0.1;
    std::vector<StoredTensor> const tensors{
        stored_tensor("spikes", {3}, std::span(spikes)), stored_tensor("w", {2, 3}, std::span(w)),
        stored_tensor("none", {0, 7}, std::span<std::int64_t const>()),
        stored_tensor("gewicht.\"ä\"", {}, std::span(&scalar, 1))};
    Metadata const metadata{{"format", "pt"}, {"note", "line\nwith \"quotes\" and ä"}};
    write_safetensors(folder / "a", tensors, metadata);

    auto const file = SafetensorsFile::open(folder / "a");
    CHECK(file.metadata() == metadata);
    CHECK(file.names() == std::vector<std::string>{"gewicht.\"ä\"", "none", "spikes", "w"});
    CHECK(file.read<float>("w") == w);
    CHECK(file.tensor("w").shape == std::vector<spikelet::index>{2, 3});
    CHECK(file.read<std::uint8_t>("spikes") == spikes);
    CHECK(file.tensor("none").shape == std::vector<spikelet::index>{0, 7});
    CHECK(file.read<double>("gewicht.\"ä\"") == std::vector{0.1});
}

TEST_CASE("safetensors_writer: a file of known bytes") {
    TemporaryFolder folder;
    std::vector<std::int16_t> const b{1, -1};
    std::uint8_t const a = 7;
    std::vector<StoredTensor> const tensors{stored_tensor("a", {1}, std::span(&a, 1)),
                                            stored_tensor("b", {2}, std::span(b))};
    write_safetensors(folder / "a", tensors, {{"k", "v"}});
    Checksum sum;
    using namespace std::string_view_literals;
    sum.add("k\0v\0"sv);
    sum.add("a\0U8 [1] at 4\0"sv);
    sum.add("b\0I16 [2] at 0\0"sv);
    sum.add("\1\0\xff\xff\7"sv);
    std::string const header = R"({"__metadata__":{"spikelet.checksum.2":")" + sum.text() +
                               R"(","k":"v"},)"
                               R"("b":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},)"
                               R"("a":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}})";
    std::string const file = read_file(folder / "a");
    std::size_t const padded = (header.size() + 7) / 8 * 8;
    CHECK(file.substr(0, 8) == static_cast<char>(padded) + std::string(7, '\0'));
    CHECK(file.substr(8, padded) == header + std::string(padded - header.size(), ' '));
    CHECK(file.substr(8 + padded) == std::string("\1\0\xff\xff\7", 5));
}

TEST_CASE("safetensors_writer: every tensor is aligned for its type") {
    TemporaryFolder folder;
    std::vector<std::uint8_t> const u8(5);
    std::vector<std::uint16_t> const u16(3);
    std::vector<float> const f32(3);
    std::vector<double> const f64(1);
    std::vector<StoredTensor> const tensors{
        stored_tensor("a", {5}, std::span(u8)), stored_tensor("b", {3}, std::span(f32)),
        stored_tensor("c", {3}, std::span(u16)), stored_tensor("d", {1}, std::span(f64)),
        stored_tensor("e", {3}, std::span(f32))};
    write_safetensors(folder / "a", tensors);
    auto const file = SafetensorsFile::open(folder / "a");
    CHECK(file.metadata().empty());
    for (StoredTensor const& tensor : file.tensors()) {
        CAPTURE(tensor.name);
        CHECK(reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % size_of(tensor.dtype) == 0);
    }
}

TEST_CASE("safetensors_writer: the order of the tensors does not change the file") {
    TemporaryFolder folder;
    std::vector<float> const w = random_floats(4);
    std::vector<StoredTensor> tensors{stored_tensor("a", {4}, std::span(w)),
                                      stored_tensor("b", {2, 2}, std::span(w))};
    write_safetensors(folder / "1", tensors);
    std::swap(tensors[0], tensors[1]);
    write_safetensors(folder / "2", tensors);
    CHECK(read_file(folder / "1") == read_file(folder / "2"));
}

TEST_CASE("safetensors_writer: floats are written in 16 bits, rounded, in any number") {
    TemporaryFolder folder;
    std::vector<float> const w = random_floats(10'001);
    std::vector<float> const v = random_floats(4096);
    std::vector<StoredTensor> const tensors{stored_tensor("w", {10'001}, std::span(w)),
                                            stored_tensor("v", {4096}, std::span(v)),
                                            stored_tensor("keep", {1}, std::span(w).first(1))};
    for (Dtype const narrow : {Dtype::F16, Dtype::BF16}) {
        write_safetensors(folder / "a", tensors, {}, [&](StoredTensor const& tensor) {
            return tensor.name == "keep" ? tensor.dtype : narrow;
        });
        auto const file = SafetensorsFile::open(folder / "a");
        CHECK(file.tensor("w").dtype == narrow);
        CHECK(file.tensor("keep").dtype == Dtype::F32);
        std::vector<float> const read = file.read<float>("w");
        int wrong = 0;
        for (std::size_t i = 0; i < w.size(); ++i) {
            float const expected = narrow == Dtype::F16
                                       ? float_from_half(half_from_float(w[i]))
                                       : float_from_bfloat16(bfloat16_from_float(w[i]));
            wrong += read[i] == expected ? 0 : 1;
        }
        CHECK(wrong == 0);
        CHECK(file.tensor("v").size() == 4096);
    }
}

TEST_CASE("safetensors_writer: a file that is read can be written again") {
    TemporaryFolder folder;
    std::vector<float> const w = random_floats(100);
    write_safetensors(folder / "a", std::vector{stored_tensor("w", {100}, std::span(w))});
    auto const file = SafetensorsFile::open(folder / "a");
    write_safetensors(folder / "a", file.tensors(), file.metadata());
    CHECK(SafetensorsFile::open(folder / "a").read<float>("w") == w);
    CHECK(file.read<float>("w") == w);
}

TEST_CASE(
    "safetensors_writer: a changed byte is noticed, another writer's file is not held to it") {
    TemporaryFolder folder;
    std::string const path = folder / "a";
    std::vector<float> const w = random_floats(30);
    Metadata const metadata{{"step", "100"}};
    write_safetensors(path, std::vector{stored_tensor("w", {30}, std::span(w))}, metadata);
    auto const file = SafetensorsFile::open(path);
    CHECK_NOTHROW(file.verify());
    CHECK(file.metadata() == metadata);
    std::string const whole = read_file(path);
    auto const complaint = [&](std::size_t place, char byte) -> std::string {
        std::string damaged = whole;
        damaged[place] = byte;
        write_file(folder / "b", damaged);
        try {
            SafetensorsFile::open(folder / "b").verify();
        } catch (Error const& error) { return error.what(); }
        return "";
    };
    for (std::size_t i = whole.size() - 120; i < whole.size(); ++i) {
        CHECK(complaint(i, static_cast<char>(whole[i] ^ 1)).find("the checksum does not agree") !=
              std::string::npos);
    }
    CHECK_FALSE(complaint(whole.find("100"), '9').empty());

    // Without the key it is a file like any other.
    std::string plain = whole;
    plain.replace(plain.find("spikelet"), 8, "somebody");
    plain.back() = static_cast<char>(plain.back() ^ 1);
    write_file(folder / "c", plain);
    CHECK_NOTHROW(SafetensorsFile::open(folder / "c").verify());

    // A checksum that comes along in the metadata is replaced, not believed.
    write_safetensors(path, std::vector{stored_tensor("w", {30}, std::span(w))},
                      {{"spikelet.checksum.2", "\"spikelet.checksum.2\":\"0"}, {"step", "100"}});
    CHECK(read_file(path) == whole);
}

TEST_CASE("safetensors_writer: names, types, shapes and places of tensors are in the checksum") {
    TemporaryFolder folder;
    std::vector<float> const w = random_floats(6);
    std::vector<StoredTensor> const tensors{stored_tensor("first", {2, 3}, std::span(w)),
                                            stored_tensor("other", {6, 1}, std::span(w))};
    write_safetensors(folder / "a", tensors);
    std::string const whole = read_file(folder / "a");
    std::string const at_first = "[0,24]";
    std::string const at_other = "[24,48]";
    auto exchanged = whole;
    exchanged.replace(exchanged.find(at_other), at_other.size(), at_first);
    exchanged.replace(exchanged.find(at_first), at_first.size(), at_other);
    std::vector<std::string> changed{exchanged};
    for (auto const& [from, to] :
         {std::pair("first", "worst"), {"F32", "I32"}, {"[2,3]", "[3,2]"}, {"[6,1]", "[1,6]"}}) {
        changed.push_back(whole);
        changed.back().replace(whole.find(from), std::string_view(from).size(), to);
    }
    for (std::string const& content : changed) {
        write_file(folder / "b", content);
        auto const file = SafetensorsFile::open(folder / "b");
        CHECK_THROWS_WITH_AS(file.verify(), doctest::Contains("the checksum does not agree"),
                             Error);
    }
}

TEST_CASE("safetensors_writer: what cannot be written is refused and nothing is touched") {
    TemporaryFolder folder;
    std::string const path = folder / "a";
    write_file(path, "old");
    std::vector<float> const w(2);
    std::vector<std::int32_t> const ids(2);
    auto const complaint = [&](std::vector<StoredTensor> const& tensors, Metadata const& metadata,
                               Dtype dtype) -> std::string {
        try {
            write_safetensors(path, tensors, metadata, [&](auto const&) { return dtype; });
        } catch (Error const& error) {
            std::string_view const message = error.what();
            return std::string(message.substr(("'" + path + "': ").size()));
        }
        return {};
    };
    StoredTensor const good = stored_tensor("w", {2}, std::span(w));
    StoredTensor bad = good;
    bad.shape = {3};
    CHECK(complaint({bad}, {}, Dtype::F32) == "tensor 'w' is F32 [3], but has 8 bytes");
    CHECK(complaint({good, good}, {}, Dtype::F32) == "tensor 'w' is there twice");
    CHECK(complaint({stored_tensor("__metadata__", {2}, std::span(w))}, {}, Dtype::F32) ==
          "tensor '__metadata__' has a name that means something else");
    CHECK(complaint({stored_tensor("w\xff", {2}, std::span(w))}, {}, Dtype::F32) ==
          "tensor 'w\xff' has a name that is not UTF-8");
    CHECK(complaint({good}, {{"k", "v\xff"}}, Dtype::F32) ==
          "metadata 'k': byte 1 (value 255) is not valid UTF-8");
    CHECK(complaint({good}, {{"\xff", "v"}}, Dtype::F32) ==
          "key of the metadata: byte 0 (value 255) is not valid UTF-8");
    CHECK(complaint({good}, {}, Dtype::F64) == "tensor 'w' is F32, which is not written as F64");
    CHECK(complaint({stored_tensor("i", {2}, std::span(ids))}, {}, Dtype::F16) ==
          "tensor 'i' is I32, which is not written as F16");
    CHECK(complaint({good}, {{"k", std::string(100'000'000, ' ')}}, Dtype::F32)
              .ends_with("bytes, at most 100000000 can be read again"));
    CHECK(read_file(path) == "old");
    CHECK(folder.count() == 1);
}

}  // namespace spikelet_test::safetensors_writer_test
