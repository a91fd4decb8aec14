// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>

#include <spikelet/io/json.hpp>

namespace spikelet_test::json_test {

using namespace spikelet;

namespace {

std::string lists(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

bool is_refused(std::string const& text) {
    try {
        static_cast<void>(parse_json("'f'", text));
    } catch (Error const& error) {
        CHECK(std::string(error.what()) == "'f': its JSON is nested more than 64 deep");
        return true;
    }
    return false;
}

}  // namespace

TEST_CASE("json: values are read, other text is discarded") {
    CHECK(parse_json("'f'", R"({"a":[1,{"b":"\"]"}]})").at("a").at(1).at("b") == "\"]");
    CHECK(parse_json("'f'", "[1").is_discarded());
    CHECK(parse_json("'f'", "").is_discarded());
    CHECK(parse_json<nlohmann::ordered_json>("'f'", R"({"b":1,"a":2})").begin().key() == "b");
}

TEST_CASE("json: lists and objects within each other are counted, not those in texts") {
    CHECK_FALSE(is_refused(lists(64)));
    CHECK(is_refused(lists(65)));
    CHECK(is_refused("[" + lists(64) + "]"));
    std::string side_by_side = "[";
    for (int i = 0; i < 100; ++i) { side_by_side += lists(63) + ","; }
    CHECK_FALSE(is_refused(side_by_side + "1]"));
    CHECK_FALSE(is_refused("\"" + lists(65) + "\""));
    CHECK_FALSE(is_refused(R"("\")" + lists(65) + "\""));
    CHECK(is_refused(R"(["\\",)" + lists(64) + "]"));
    std::string objects;
    for (int i = 0; i < 65; ++i) { objects += R"({"a":)"; }
    CHECK(is_refused(objects + "1" + std::string(65, '}')));
    CHECK(is_refused(std::string(1'000'000, '[')));
    CHECK(is_refused("]]" + lists(65)));
}

}  // namespace spikelet_test::json_test
