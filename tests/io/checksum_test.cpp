// SPDX-License-Identifier: MIT
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/checksum.hpp>

namespace spikelet_test::checksum_test {

using namespace spikelet;

namespace {

std::string checksum(std::string_view text) {
    Checksum sum;
    sum.add(text);
    return sum.text();
}

}  // namespace

TEST_CASE("checksum: it has fixed values, which files depend on") {
    std::string text;
    for (int i = 0; i < 1000; ++i) { text += static_cast<char>(i * 7); }
    CHECK(checksum("") == "bb54d3e6b8fd3cc7");
    CHECK(checksum("foobar") == "cfa78b19da421262");
    CHECK(checksum(text) == "cd28ba26077b0e04");
}

TEST_CASE("checksum: portions do not matter") {
    std::string text;
    for (int i = 0; i < 300; ++i) { text += static_cast<char>(i * 7); }
    for (auto const portion : std::vector<std::size_t>{1, 3, 63, 64, 65, 128, 299}) {
        Checksum sum;
        for (std::size_t i = 0; i < text.size(); i += portion) {
            sum.add(std::string_view(text).substr(i, portion));
        }
        CHECK(sum.text() == checksum(text));
    }
}

TEST_CASE("checksum: it sees every changed bit, and every zero at the end") {
    std::string const text(150, 'x');
    std::string const whole = checksum(text);
    for (std::size_t i = 0; i < 8 * text.size(); ++i) {
        std::string changed = text;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << i % 8));
        CHECK(checksum(changed) != whole);
    }
    std::set<std::string> seen;
    for (std::size_t n = 0; n < 200; ++n) { seen.insert(checksum(std::string(n, '\0'))); }
    CHECK(seen.size() == 200);
    // Blocks and words change places.
    CHECK(checksum(std::string(64, 'a') + std::string(64, 'b')) !=
          checksum(std::string(64, 'b') + std::string(64, 'a')));
    CHECK(checksum(std::string(8, 'a') + std::string(8, 'b')) !=
          checksum(std::string(8, 'b') + std::string(8, 'a')));
}

}  // namespace spikelet_test::checksum_test
