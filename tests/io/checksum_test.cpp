// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <spikelet/io/checksum.hpp>

using namespace spikelet;

namespace {

std::string checksum(std::string_view text) {
    Checksum sum;
    sum.add(text);
    return sum.text();
}

}  // namespace

TEST_CASE("checksum: the values of the FNV-1a draft") {
    CHECK(checksum("") == "cbf29ce484222325");
    CHECK(checksum("a") == "af63dc4c8601ec8c");
    CHECK(checksum("foobar") == "85944171f73967e8");
}

TEST_CASE("checksum: portions do not matter, order does") {
    Checksum sum;
    sum.add("foo");
    sum.add("");
    sum.add("bar");
    CHECK(sum.text() == checksum("foobar"));
    CHECK(checksum("barfoo") != checksum("foobar"));
}
