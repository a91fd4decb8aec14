// SPDX-License-Identifier: MIT
#include <spikelet/io/spike_pictures.hpp>

#include <limits>

#include <doctest/doctest.h>

namespace spikelet::test::spike_pictures_test {
namespace {

index occurrences(std::string const& text, std::string_view part) {
    index n = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) { ++n; }
    return n;
}

TEST_CASE("svg: labels are escaped, and bytes that are no text do not break the file") {
    Svg picture(10.5, 20);
    picture.label(1, 2, "a<b & \"c\"> \x01\xff é", {});
    auto const text = picture.text();
    CHECK(text.starts_with(R"(<svg xmlns="http://www.w3.org/2000/svg" width="10.5" height="20")"));
    CHECK(text.ends_with("</svg>\n"));
    CHECK(text.find("a&lt;b &amp; &quot;c&quot;&gt; \uFFFD\uFFFD é</text>") != text.npos);
}

TEST_CASE("svg: cells are runs in a grid that fills its box") {
    Svg picture(100, 100);
    Svg::Cells cells;
    cells.add(2, 3, 5);
    picture.cells({10, 20, 40, 8}, 20, 4, cells, "#123456");
    picture.cells({10, 20, 40, 8}, 20, 4, {}, "#654321");
    auto const text = picture.text();
    CHECK(text.find("translate(10 20) scale(2 2)") != text.npos);
    CHECK(text.find("d=\"M2 3h5v1h-5z\"") != text.npos);
    CHECK(text.find("#654321") == text.npos);
}

TEST_CASE(
    "pictures of spikes: one panel for spikes, one for charges, every id labelled below both") {
    std::vector<std::string> const labels{"a", "b", "␣", "c"};
    SpikeRecord with{"first", 2, {1, 0, 1, 0, 0, 0, 1, 1}, {1, -1, 2, 0, 0, 0, 1, -200}};
    with.charges[3] = std::numeric_limits<float>::quiet_NaN();
    SpikeRecord const without{"second", 2, {0, 0, 0, 0, 0, 0, 0, 0}, {}};
    auto const text = draw_spikes("A < B", labels, std::vector{with, without}).text();
    CHECK(occurrences(text, ": spikes</text>") == 2);
    CHECK(occurrences(text, ": charge") == 1);
    CHECK(occurrences(text, ">␣</text>") == 3);
    CHECK(text.find("A &lt; B") != text.npos);
    // Neuron 0 fires at 0, 1 and 3, neuron 1 at 3.
    CHECK(text.find("d=\"M0 0h2v1h-2zM3 0h1v1h-1zM3 1h1v1h-1z\"") != text.npos);
}

TEST_CASE("dots of spikes: one for each neuron, eight in a character") {
    SpikeRecord record{"x", 9, std::vector<std::uint8_t>(18), {}};
    record.spikes[9] = record.spikes[10] = record.spikes[17] = 1;
    CHECK(dots_of(record, 0) == "\u2800\u2800");
    CHECK(dots_of(record, 1) == "\u2803\u2801");
}

TEST_CASE("pictures of spikes: labels of several characters stand upright") {
    std::vector<std::string> const labels{"the", "cat"};
    auto const text = draw_spikes("", labels, std::vector{SpikeRecord{"x", 1, {0, 1}, {}}}).text();
    CHECK(occurrences(text, "rotate(-90") == 3);  // and the axis
}

TEST_CASE("pictures of rates: the longest bar is that of the highest rate, none is also drawn") {
    std::vector<NamedRate> const rates{{"quiet", 0}, {"half", 0.25}, {"loud", 0.5}};
    auto const text = draw_rates("Rates", rates).text();
    CHECK(text.find("width=\"420\"") != text.npos);
    CHECK(text.find("width=\"210\"") != text.npos);
    CHECK(text.find("50.0 %") != text.npos);
    CHECK(text.find(" width=\"640\" height=") != text.npos);
    // A long title widens the picture: 16 + 0.62 * 14 * 100 + 16.
    auto const wide = draw_rates(std::string(100, 'x'), rates).text();
    CHECK(wide.find(" width=\"900\" height=") != wide.npos);
    CHECK(draw_rates("None", std::vector<NamedRate>{}).text().ends_with("</svg>\n"));
}

TEST_CASE("colours of charges: symmetric steps, white in the middle") {
    using Colours = detail::DivergingColours;
    CHECK(Colours::colour(Colours::step_of(0)) == "#f8f8f8");
    CHECK(Colours::colour(Colours::step_of(-7)) == "#005aa0");
    CHECK(Colours::colour(Colours::step_of(1)) == "#c85000");
    CHECK(Colours::step_of(0.3) - Colours::step_of(0) ==
          Colours::step_of(0) - Colours::step_of(-0.3));
    CHECK(detail::magnitude_of_most(std::vector<float>{0, 0}, 0.99) == 1);
}

}  // namespace
}  // namespace spikelet::test::spike_pictures_test
