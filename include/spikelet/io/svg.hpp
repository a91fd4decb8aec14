// SPDX-License-Identifier: MIT
// Pictures as text: the few elements of SVG that charts are made of. Lengths are in pixels, y goes
// down.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include <spikelet/core/extents.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

/// A picture that grows element by element.
///
///     Svg picture(200, 100);
///     picture.rectangle({10, 10, 30, 5}, "#0072b2");
///     write_file_atomically("chart.svg", [&](FileWriter& file) { file.write(picture.text()); });
class Svg {
public:
    /// A rectangle.
    struct Box {
        double x;       ///< left side
        double y;       ///< upper side
        double width;   ///< to the right
        double height;  ///< downwards
    };
    /// Which end of a label is at its point.
    enum class Anchor { start, middle, end };
    /// How a label looks.
    struct LabelStyle {
        double size = 12;                     ///< height of its letters
        Anchor anchor = Anchor::start;        ///< which end is at the point
        std::string_view colour = "#222222";  ///< as SVG names it
        bool upwards = false;                 ///< read from below
    };

    /// A white picture of this size.
    Svg(double width, double height) {
        body_ = R"(<svg xmlns="http://www.w3.org/2000/svg" width=")" + number(width) +
                R"(" height=")" + number(height) + R"(" viewBox="0 0 )" + number(width) + " " +
                number(height) + "\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n";
        rectangle({0, 0, width, height}, "#ffffff");
    }

    /// A rectangle that is filled with a colour.
    void rectangle(Box const& box, std::string_view fill) {
        body_ += "<rect" + at("x", box.x) + at("y", box.y) + at("width", box.width) +
                 at("height", box.height) + named("fill", fill) + "/>\n";
    }

    /// The outline of a rectangle.
    void frame(Box const& box, std::string_view colour) {
        body_ += "<rect" + at("x", box.x) + at("y", box.y) + at("width", box.width) +
                 at("height", box.height) + named("fill", "none") + named("stroke", colour) +
                 "/>\n";
    }

    /// A straight line from (x1, y1) to (x2, y2).
    void line(double x1, double y1, double x2, double y2, std::string_view colour) {
        body_ += "<line" + at("x1", x1) + at("y1", y1) + at("x2", x2) + at("y2", y2) +
                 named("stroke", colour) + "/>\n";
    }

    /// `label` may be any bytes; those that XML or UTF-8 does not have become U+FFFD.
    void label(double x, double y, std::string_view label, LabelStyle const& style) {
        static constexpr std::array<std::string_view, 3> anchors{"start", "middle", "end"};
        body_ += "<text" + at("x", x) + at("y", y) + at("font-size", style.size) +
                 named("text-anchor", anchors[static_cast<std::size_t>(style.anchor)]) +
                 named("fill", style.colour);
        if (style.upwards) {
            body_ += named("transform", "rotate(-90 " + number(x) + " " + number(y) + ")");
        }
        body_ += ">" + escaped(label) + "</text>\n";
    }

    /// Cells of a grid that lies in `box`, all of one colour.
    class Cells {
    public:
        /// `count` of them from a column on, in one row.
        void add(index column, index row, index count) {
            path_ += "M" + std::to_string(column) + " " + std::to_string(row) + "h" +
                     std::to_string(count) + "v1h-" + std::to_string(count) + "z";
        }

    private:
        friend Svg;
        std::string path_;
    };

    /// Draws cells of a grid of so many columns and rows.
    void cells(Box const& box, index columns, index rows, Cells const& cells,
               std::string_view fill) {
        if (cells.path_.empty()) { return; }
        body_ +=
            "<path" + named("fill", fill) + named("shape-rendering", "crispEdges") +
            named("transform", "translate(" + number(box.x) + " " + number(box.y) + ") scale(" +
                                   number(box.width / static_cast<double>(columns)) + " " +
                                   number(box.height / static_cast<double>(rows)) + ")") +
            named("d", cells.path_) + "/>\n";
    }

    /// The whole file.
    [[nodiscard]] std::string text() const { return body_ + "</svg>\n"; }

private:
    /// With up to four digits behind the point, whatever the locale.
    static std::string number(double x) {
        std::array<char, 32> digits{};
        double const rounded = std::round(x * 1e4) / 1e4;
        auto const [end, error] =
            std::to_chars(digits.data(), digits.data() + digits.size(), rounded);
        return error == std::errc{} ? std::string(digits.data(), end) : "0";
    }
    static std::string at(char const* name, double x) { return named(name, number(x)); }
    static std::string named(std::string_view name, std::string_view value) {
        return " " + std::string(name) + "=\"" + std::string(value) + "\"";
    }

    static std::string escaped(std::string_view label) {
        std::string text;
        for_each_code_point(label, [&](char32_t c) {
            bool const control = c < 0x20 || (c >= 0x7f && c < 0xa0) || (c & 0xfffe) == 0xfffe;
            switch (c) {
            case '&':
                text += "&amp;";
                break;
            case '<':
                text += "&lt;";
                break;
            case '>':
                text += "&gt;";
                break;
            case '"':
                text += "&quot;";
                break;
            default:
                append_utf8(text, control ? replacement_character : c);
            }
        });
        return text;
    }

    std::string body_;
};

}  // namespace spikelet
