// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/safetensors_header.hpp>

namespace spikelet_test::safetensors_header_test {

using namespace spikelet;

namespace {

// What a header is refused with; empty if it is accepted.
std::string complaint(std::string_view text) {
    try {
        SafetensorsHeader const header("'f'", text);
    } catch (Error const& error) { return error.what(); }
    return {};
}

// A header with one tensor of these fields.
std::string tensor(std::string_view fields) { return R"({"a":{)" + std::string(fields) + "}}"; }

std::string repeated(std::string_view text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) { result += text; }
    return result;
}

}  // namespace

TEST_CASE("safetensors_header: tensors and metadata are read in order") {
    SafetensorsHeader const header("'f'", R"( {
        "b": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        "__metadata__": {"format": "pt", "": "\u00e4\n"},
        "gewicht.\u00e4": {"data_offsets": [0, 8], "shape": [], "dtype": "I64"} } )");
    REQUIRE(header.entries.size() == 2);
    CHECK(header.entries[0].name == "b");
    CHECK(header.entries[0].dtype == Dtype::F32);
    CHECK(header.entries[0].shape == std::vector<spikelet::index>{2, 3});
    CHECK(header.entries[0].offsets == std::vector<spikelet::index>{8, 32});
    CHECK(header.entries[1].name == "gewicht.ä");
    CHECK(header.entries[1].shape == std::vector<spikelet::index>{});
    CHECK(header.metadata == Metadata{{"", "ä\n"}, {"format", "pt"}});
    CHECK(complaint("{}").empty());
    CHECK(complaint(R"({"__metadata__":{}})").empty());
}

TEST_CASE("safetensors_header: a tensor may be called like a field") {
    CHECK(complaint(R"({"dtype":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})").empty());
}

TEST_CASE("safetensors_header: what is not JSON is refused where it breaks") {
    CHECK(complaint("") == "'f': the header is not JSON, error at its byte 1");
    CHECK(complaint("{") == "'f': the header is not JSON, error at its byte 2");
    CHECK(complaint("{} x") == "'f': the header is not JSON, error at its byte 4");
    CHECK(complaint("{\"a\xff\":1}") == "'f': the header is not JSON, error at its byte 4");
    CHECK(complaint(R"({"a":{"dtype":"F32",}})") ==
          "'f': the header is not JSON, error at its byte 21");
    CHECK(complaint(std::string("{\0}", 3)) == "'f': the header is not JSON, error at its byte 2");
}

TEST_CASE("safetensors_header: what is not an object is refused") {
    CHECK(complaint("[]") == "'f': the header is a list, expected an object");
    CHECK(complaint("7") == "'f': the header is 7, expected an object");
    CHECK(complaint("null") == "'f': the header is null, expected an object");
    CHECK(complaint("1e3") == "'f': the header is '1e3', expected an object");
    CHECK(complaint(R"({"a":true})") == "'f': 'a' is a truth value, expected an object");
    CHECK(complaint(R"({"__metadata__":"x"})") ==
          "'f': '__metadata__' is the text 'x', expected an object");
}

TEST_CASE("safetensors_header: nesting is refused at the first step too many") {
    CHECK(complaint(repeated("[", 1'000'000)) == "'f': the header is a list, expected an object");
    CHECK(complaint(repeated(R"({"a":)", 1'000'000)) ==
          "'f': tensor 'a' has a field 'a' besides dtype, shape and data_offsets");
    CHECK(complaint(tensor(R"("shape":)" + repeated("[", 1'000'000))) ==
          "'f': tensor 'a' has a list in its shape, expected a list of at most 64 numbers from 0 "
          "to 2^63 - 1");
    CHECK(complaint(R"({"__metadata__":{"k":{}}})") ==
          "'f': the metadata at 'k' is an object, expected text");
}

TEST_CASE("safetensors_header: what is there twice is refused") {
    CHECK(complaint(R"({"__metadata__":{"k":"1","k":"2"}})") ==
          "'f': the metadata has the key 'k' twice");
    CHECK(complaint(R"({"__metadata__":{},"__metadata__":{}})") ==
          "'f': the metadata is there twice");
    CHECK(complaint(tensor(R"("dtype":"F32","dtype":"F32")")) ==
          "'f': tensor 'a' has two fields dtype");
    CHECK(complaint(tensor(R"("shape":[],"shape":[])")) == "'f': tensor 'a' has two fields shape");
}

TEST_CASE("safetensors_header: what is missing is named") {
    CHECK(complaint(tensor("")) == "'f': tensor 'a' has no dtype");
    CHECK(complaint(tensor(R"("dtype":"F32")")) == "'f': tensor 'a' has no shape");
    CHECK(complaint(tensor(R"("dtype":"F32","shape":[])")) ==
          "'f': tensor 'a' has no data_offsets");
    CHECK(complaint(tensor(R"("dtype":"F32","shape":[],"data_offsets":[0]})")) ==
          "'f': tensor 'a' has 1 data_offsets, expected 2");
}

TEST_CASE("safetensors_header: fields hold what they should") {
    std::string const list = ", expected a list of at most 64 numbers from 0 to 2^63 - 1";
    CHECK(complaint(tensor(R"("dtype":"F8_E4M3")")) ==
          "'f': tensor 'a' has the unknown dtype 'F8_E4M3'");
    CHECK(complaint(tensor(R"("dtype":7)")) == "'f': tensor 'a' has 7 in its dtype, expected text");
    CHECK(complaint(tensor(R"("dtype":["F32"])")) ==
          "'f': tensor 'a' has a list in its dtype, expected text");
    CHECK(complaint(tensor(R"("shape":3)")) == "'f': tensor 'a' has 3 in its shape" + list);
    CHECK(complaint(tensor(R"("shape":[-3])")) == "'f': tensor 'a' has -3 in its shape" + list);
    CHECK(complaint(tensor(R"("shape":[2.0])")) == "'f': tensor 'a' has '2.0' in its shape" + list);
    CHECK(complaint(tensor(R"("shape":["2"])")) ==
          "'f': tensor 'a' has the text '2' in its shape" + list);
    CHECK(complaint(tensor(R"("shape":[9223372036854775808])")) ==
          "'f': tensor 'a' has 9223372036854775808 in its shape" + list);
    CHECK(complaint(tensor(R"("shape":[18446744073709551616])")) ==
          "'f': tensor 'a' has '18446744073709551616' in its shape" + list);
    CHECK(complaint(tensor(R"("data_offsets":[null])")) ==
          "'f': tensor 'a' has null in its data_offsets" + list);
    CHECK(complaint(tensor(R"("shape":[)" + repeated("1,", 64) + "5]")) ==
          "'f': tensor 'a' has 5 in its shape" + list);
    CHECK(complaint(R"({"__metadata__":{"k":7}})") ==
          "'f': the metadata at 'k' is 7, expected text");
}

}  // namespace spikelet_test::safetensors_header_test
