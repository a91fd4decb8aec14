// SPDX-License-Identifier: MIT
// Pictures of spikes, as SVG: rasters and membranes over a text (as in Fig. 5 of Zhu et al., arXiv
// 2302.13939), and firing rates as bars. Colours are told apart by colour-blind readers, too
// (Okabe and Ito's blue and vermilion).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/io/svg.hpp>

namespace spikelet {

/// What some neurons did during a text.
struct SpikeRecord {
    std::string name;                    ///< of the node
    index neurons = 0;                   ///< number of neurons
    std::vector<std::uint8_t> spikes{};  ///< [time, neurons], not 0 where one fired
    std::vector<float> charges{};        ///< the same, before the threshold; or empty
};

/// A name and its firing rate, 0 to 1.
struct NamedRate {
    std::string name;  ///< what the bar is called
    double rate = 0;   ///< from 0 to 1
};

namespace detail {

/// Sizes of a picture over a text.
struct TextPicture {
    static constexpr double left = 64, right = 74, top = 40, title = 18;
    static constexpr double letter = 0.62;  // its width, of its height

    explicit TextPicture(std::span<std::string const> labels)
        : time(std::ssize(labels)),
          upright(std::ranges::all_of(labels, [](auto const& l) { return width_of(l) < 2; })),
          cell(std::clamp(1000.0 / static_cast<double>(std::max<index>(time, 1)), 8.0, 14.0)),
          labels_height(upright ? 16 : 10 + 5.6 * static_cast<double>(longest(labels))) {}

    [[nodiscard]] double grid_width() const { return cell * static_cast<double>(time); }
    /// Wide enough for a title of so many characters, each `size` high.
    [[nodiscard]] double width(index characters, double size) const {
        double const most = letter * size * static_cast<double>(characters);
        return left + (std::max)(grid_width() + right, most + 16);
    }

    /// Code points.
    static index width_of(std::string_view label) {
        index n = 0;
        for_each_code_point(label, [&](char32_t) { ++n; });
        return n;
    }
    static index longest(std::span<std::string const> labels) {
        index most = 0;
        for (auto const& label : labels) { most = (std::max)(most, width_of(label)); }
        return most;
    }
    /// Low enough that all of a record is seen, high enough that single neurons are.
    static double height_of(index neurons) {
        auto const n = static_cast<double>(neurons);
        return (std::max)(std::clamp(3 * n, 48.0, 200.0), n);
    }

    index time;
    bool upright;
    double cell;
    double labels_height;
};

/// A colour between blue, white and vermilion for x from -1 to 1, in one of 21 steps.
struct DivergingColours {
    static constexpr index steps = 21;

    /// NaN is in the middle.
    static index step_of(double x) {
        if (!(x == x)) { return steps / 2; }
        double const scaled = (std::clamp(x, -1.0, 1.0) + 1) / 2 * (steps - 1);
        return static_cast<index>(scaled + 0.5);
    }
    static std::string colour(index step) {
        double const x = 2.0 * static_cast<double>(step) / (steps - 1) - 1;
        constexpr std::array<double, 3> blue{0, 90, 160}, white{248, 248, 248}, red{200, 80, 0};
        auto const& end = x < 0 ? blue : red;
        std::array<char, 8> text{};
        std::array<int, 3> mixed{};
        for (std::size_t c = 0; c < 3; ++c) {
            mixed[c] = static_cast<int>(white[c] + (end[c] - white[c]) * std::abs(x) + 0.5);
        }
        std::snprintf(text.data(), text.size(), "#%02x%02x%02x", mixed[0], mixed[1], mixed[2]);
        return text.data();
    }
};

inline std::string short_number(double x) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2g", x);
    return text.data();
}

/// The number below which so large a share of all absolute values is, so that a few outliers do not
/// take all contrast away.
inline double magnitude_of_most(std::span<float const> numbers, double share) {
    std::vector<float> sorted;
    for (float const x : numbers) {
        if (std::isfinite(x)) { sorted.push_back(std::abs(x)); }
    }
    if (sorted.empty()) { return 1; }
    auto const at = static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1));
    std::ranges::nth_element(sorted, sorted.begin() + at);
    auto const found = static_cast<double>(sorted[static_cast<std::size_t>(at)]);
    return found > 0 ? found : 1;
}

/// Panels over one text, from above.
class PanelDrawing {
public:
    PanelDrawing(Svg& svg, TextPicture const& sizes, std::span<std::string const> labels)
        : svg_(svg),
          sizes_(sizes),
          labels_(labels) {}

    void raster(SpikeRecord const& record, double y) {
        Svg::Cells fired;
        for_each_run(
            record, [&](index t, index n) { return record.spikes[at(record, t, n)] != 0; },
            [&](index n, index t, index count, bool spike) {
                if (spike) { fired.add(t, n, count); }
            });
        auto const box = panel(record, y, record.name + ": spikes");
        svg_.cells(box, sizes_.time, record.neurons, fired, "#111111");
        svg_.frame(box, "#888888");
    }

    void charges(SpikeRecord const& record, double y) {
        using Colours = DivergingColours;
        double const most = magnitude_of_most(record.charges, 0.99);
        std::array<Svg::Cells, static_cast<std::size_t>(Colours::steps)> cells;
        for_each_run(
            record,
            [&](index t, index n) {
                return Colours::step_of(static_cast<double>(record.charges[at(record, t, n)]) /
                                        most);
            },
            [&](index n, index t, index count, index step) {
                cells[static_cast<std::size_t>(step)].add(t, n, count);
            });
        auto const box = panel(record, y, record.name + std::string(charge_title));
        for (index step = 0; step < Colours::steps; ++step) {
            svg_.cells(box, sizes_.time, record.neurons, cells[static_cast<std::size_t>(step)],
                       Colours::colour(step));
        }
        svg_.frame(box, "#888888");
        key(box, most);
    }

    static constexpr std::string_view charge_title = ": charge before the threshold";

private:
    static std::size_t at(SpikeRecord const& record, index t, index n) {
        return static_cast<std::size_t>(t * record.neurons + n);
    }

    /// Calls f(neuron, time, count, value) for every run of equal values along time.
    template <class Value, class F>
    void for_each_run(SpikeRecord const& record, Value value, F&& f) const {
        for (index n = 0; n < record.neurons; ++n) {
            for (index t = 0, next = 0; t < sizes_.time; t = next) {
                auto const first = value(t, n);
                for (next = t + 1; next < sizes_.time && value(next, n) == first;) { ++next; }
                f(n, t, next - t, first);
            }
        }
    }

    /// Title, axes; returns where the cells go.
    Svg::Box panel(SpikeRecord const& record, double y, std::string const& title) {
        using Anchor = Svg::Anchor;
        Svg::Box const box{TextPicture::left, y + TextPicture::title, sizes_.grid_width(),
                           TextPicture::height_of(record.neurons)};
        svg_.label(box.x, y + 10, title, {.size = 12});
        svg_.label(box.x - 6, box.y + 10, "1", {.size = 10, .anchor = Anchor::end});
        svg_.label(box.x - 6, box.y + box.height, std::to_string(record.neurons),
                   {.size = 10, .anchor = Anchor::end});
        svg_.label(box.x - 36, box.y + box.height / 2, "neuron",
                   {.size = 10, .anchor = Anchor::middle, .upwards = true});
        for (index t = 0; t < sizes_.time; ++t) {
            double const x = box.x + (static_cast<double>(t) + 0.5) * sizes_.cell;
            auto const& label = labels_[static_cast<std::size_t>(t)];
            if (sizes_.upright) {
                svg_.label(x, box.y + box.height + 13, label,
                           {.size = (std::min)(11.0, sizes_.cell), .anchor = Anchor::middle});
            } else {
                svg_.label(x + 3, box.y + box.height + 5, label,
                           {.size = 9, .anchor = Anchor::end, .upwards = true});
            }
        }
        return box;
    }

    /// What colours mean, right of a panel.
    void key(Svg::Box const& box, double most) {
        using Colours = DivergingColours;
        double const x = box.x + box.width + 12;
        double const each = box.height / static_cast<double>(Colours::steps);
        for (index step = 0; step < Colours::steps; ++step) {
            double const y = box.y + box.height - each * static_cast<double>(step + 1);
            svg_.rectangle({x, y, 10, each + 0.3}, Colours::colour(step));
        }
        svg_.label(x + 14, box.y + 9, short_number(most), {.size = 10});
        svg_.label(x + 14, box.y + box.height / 2 + 4, "0", {.size = 10});
        svg_.label(x + 14, box.y + box.height, short_number(-most), {.size = 10});
    }

    Svg& svg_;
    TextPicture const& sizes_;
    std::span<std::string const> labels_;
};

}  // namespace detail

/// The spikes at one time as a line of text: eight neurons are the eight dots of a Braille pattern.
inline std::string dots_of(SpikeRecord const& record, index time) {
    constexpr index per_cell = 8;
    constexpr char32_t none = 0x2800;
    std::string line;
    for (index first = 0; first < record.neurons; first += per_cell) {
        char32_t cell = none;
        for (index n = first; n < (std::min)(first + per_cell, record.neurons); ++n) {
            auto const at = static_cast<std::size_t>(time * record.neurons + n);
            if (record.spikes[at] != 0) { cell |= char32_t{1} << (n - first); }
        }
        append_utf8(line, cell);
    }
    return line;
}

/// Spikes of each record, and its charges where it has them, over a text: one label for each id,
/// in the order of time. The numbers of a record must be as many as its sizes say.
inline Svg draw_spikes(std::string_view title, std::span<std::string const> labels,
                       std::span<SpikeRecord const> records) {
    using Sizes = detail::TextPicture;
    Sizes const sizes(labels);
    auto const panel_height = [&](SpikeRecord const& record) {
        return Sizes::height_of(record.neurons) + Sizes::title + sizes.labels_height + 14;
    };
    double height = Sizes::top + 6;
    for (auto const& record : records) {
        height += panel_height(record) * (record.charges.empty() ? 1 : 2);
    }
    double width = sizes.width(Sizes::width_of(title), 14);
    for (auto const& record : records) {
        auto const longest =
            Sizes::width_of(record.name) + std::ssize(detail::PanelDrawing::charge_title);
        width = (std::max)(width, sizes.width(longest, 12));
    }
    Svg svg(width, height);
    svg.label(Sizes::left, 22, title, {.size = 14});
    detail::PanelDrawing drawing(svg, sizes, labels);
    double y = Sizes::top;
    for (auto const& record : records) {
        drawing.raster(record, y);
        y += panel_height(record);
        if (record.charges.empty()) { continue; }
        drawing.charges(record, y);
        y += panel_height(record);
    }
    return svg;
}

/// Firing rates as bars, one below the other.
inline Svg draw_rates(std::string_view title, std::span<NamedRate const> rates) {
    constexpr double top = 40, row = 20, left = 150, full = 420, all = left + full + 70;
    double most = 0.01;
    for (auto const& each : rates) { most = (std::max)(most, each.rate); }
    using Sizes = detail::TextPicture;
    double const titled = Sizes::letter * 14 * static_cast<double>(Sizes::width_of(title)) + 32;
    Svg svg((std::max)(all, titled), top + row * static_cast<double>(rates.size()) + 16);
    svg.label(16, 22, title, {.size = 14});
    double y = top;
    for (auto const& [name, rate] : rates) {
        std::array<char, 16> percent{};
        std::snprintf(percent.data(), percent.size(), "%.1f %%", 100 * rate);
        double const length = full * rate / most;
        svg.label(left - 8, y + 13, name, {.size = 12, .anchor = Svg::Anchor::end});
        svg.rectangle({left, y + 3, length, row - 6}, "#0072b2");
        svg.label(left + length + 6, y + 13, percent.data(), {.size = 11});
        y += row;
    }
    svg.line(left, top - 2, left, y + 2, "#888888");
    return svg;
}

}  // namespace spikelet
