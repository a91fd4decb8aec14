// SPDX-License-Identifier: MIT
#include <spikelet/io/stop_text.hpp>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>

namespace spikelet_test::stop_text_test {

using namespace spikelet;

namespace {

std::string random_text(Rng& rng, spikelet::index least, spikelet::index most) {
    std::string text;
    for (spikelet::index n = least + rng.below(most - least + 1); n > 0; --n) {
        text += static_cast<char>('a' + rng.below(3));
    }
    return text;
}

/// Byte by byte: the text in front of the longest stop that ends at the first byte where one does.
std::string until_stop(std::string const& text, std::vector<std::string> const& stops) {
    for (std::size_t end = 1; end <= text.size(); ++end) {
        std::string const seen = text.substr(0, end);
        std::size_t longest = 0;
        for (auto const& stop : stops) {
            if (seen.ends_with(stop)) { longest = std::max(longest, stop.size()); }
        }
        if (longest > 0) { return seen.substr(0, end - longest); }
    }
    return text;
}

}  // namespace

TEST_CASE("stop text: in whatever portions it comes, all in front of the first stop is shown") {
    Rng rng(7);
    int stopped = 0;
    for (int trial = 0; trial < 2000; ++trial) {
        std::vector<std::string> stops;
        for (spikelet::index n = rng.below(4); n > 0; --n) {
            stops.push_back(random_text(rng, 1, 5));
        }
        std::string const text = random_text(rng, 0, 30);
        StopText answer(stops);
        std::string shown;
        for (std::size_t at = 0; at < text.size() && !answer.found();) {
            auto const length = static_cast<std::size_t>(1 + rng.below(4));
            shown += answer.push(std::string_view(text).substr(at, length));
            at += length;
        }
        stopped += answer.found() ? 1 : 0;
        CHECK(answer.push("").empty());
        CHECK(shown + answer.flush() == until_stop(text, stops));
    }
    CHECK(stopped > 200);
    CHECK(stopped < 1800);
}

TEST_CASE("stop text: no more is held back than may become a stop") {
    StopText answer({"\n\n", "END"});
    CHECK(answer.push("one\n") == "one");
    CHECK(answer.push("two EN") == "\ntwo ");
    CHECK(answer.push("D, not shown") == "");
    CHECK(answer.found());
    CHECK(answer.push("never") == "");
    CHECK(answer.flush() == "");
    StopText all({});
    CHECK(all.push("as it is") == "as it is");
}

TEST_CASE("stop text: an empty stop is refused") {
    CHECK_THROWS_WITH_AS(StopText({"a", ""}), "stop: a text to stop at must not be empty", Error);
}

}  // namespace spikelet_test::stop_text_test
