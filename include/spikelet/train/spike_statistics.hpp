// SPDX-License-Identifier: MIT
// Who fires, when, and how charged: for each node of a model the spikes of every neuron and of
// every position in a sequence, and a histogram of charges before the threshold.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/train/activity.hpp>
#include <spikelet/train/places.hpp>

namespace spikelet {

/// How often numbers were in [low + i width, low + (i + 1) width), below all of these, and above.
struct ChargeHistogram {
    static constexpr index bins = 32;      ///< number of intervals
    static constexpr double low = -4;      ///< where the first begins
    static constexpr double width = 0.25;  ///< of each

    /// How often numbers were in each.
    std::array<std::int64_t, static_cast<std::size_t>(bins)> counts{};
    std::int64_t below = 0;                                  ///< less than `low`
    std::int64_t above = 0;                                  ///< beyond the last interval, or NaN
    double least = std::numeric_limits<double>::infinity();  ///< smallest number
    double most = -std::numeric_limits<double>::infinity();  ///< largest number

    /// NaN counts as above.
    void add(double x) {
        least = (std::min)(least, x);
        most = (std::max)(most, x);
        double const bin = std::floor((x - low) / width);
        if (bin < 0) {
            ++below;
        } else if (bin < static_cast<double>(bins)) {
            ++counts[static_cast<std::size_t>(bin)];
        } else {
            ++above;
        }
    }
};

/// An observer that counts the spikes of every neuron of a model:
///
///     SpikeStatistics statistics(model);
///     forward.observe(&statistics);
///     statistics.begin(tokens.time);  // before a pass over tokens [batch, time]
class SpikeStatistics final : public Observer {
public:
    /// One node: "blocks.0.lif1", say.
    struct Site {
        std::string name;                         ///< of the node in the model
        std::int64_t rows = 0;                    ///< chances to spike of each neuron
        std::vector<std::int64_t> of_neuron{};    ///< spikes of each neuron
        std::vector<std::int64_t> of_position{};  ///< spikes of all neurons, from 0 on
        std::vector<std::int64_t> rows_at{};      ///< chances of each neuron at a position
        ChargeHistogram charges{};                ///< of LIF, or in thresholds of event nodes

        /// Number of neurons.
        [[nodiscard]] index neurons() const { return std::ssize(of_neuron); }
        /// Neurons that never fired.
        [[nodiscard]] index dead() const { return neurons_with(0); }
        /// Neurons that always fired.
        [[nodiscard]] index saturated() const { return neurons_with(rows); }
        /// Spikes per chance, 0 to 1.
        [[nodiscard]] double rate() const {
            double spikes = 0;
            for (std::int64_t const count : of_neuron) { spikes += static_cast<double>(count); }
            return spikes / (std::max)(1.0, static_cast<double>(rows * neurons()));
        }
        /// The same at one position.
        [[nodiscard]] double rate_at(index position) const {
            auto const at = static_cast<std::size_t>(position);
            return static_cast<double>(of_position[at]) /
                   (std::max)(1.0, static_cast<double>(rows_at[at] * neurons()));
        }

    private:
        [[nodiscard]] index neurons_with(std::int64_t spikes) const {
            return std::count(of_neuron.begin(), of_neuron.end(), spikes);
        }
    };

    /// The model must stay where it is. Throws Error if a part's name is too long.
    template <class Model>
    explicit SpikeStatistics(Model const& model) : names_(model) {}

    /// What follows is about sequences of so many ids.
    void begin(index time) { time_ = std::max<index>(time, 1); }

    /// Counts what a node shows as "s", and its charge, "h" or "u".
    void see(Tap const& tap) override {
        if (tap.name == "s") { count_spikes(tap, site_of(tap)); }
        bool const charge = tap.name == "h" || tap.name == "u";
        // Channel mixing shows its hidden layer as "h", too, and no spikes.
        if (charge && tap.kind == Tap::Kind::f32) { charge_ = tap; }
    }

    /// The sites in the order in which they first fired or could have.
    [[nodiscard]] std::vector<Site> const& sites() const { return sites_; }

private:
    Site& site_of(Tap const& tap) {
        std::size_t const place = places_.find(tap);
        if (place == sites_.size()) {
            places_.add(tap.layer, tap.layer_type, tap.last);
            std::string name = names_(tap);
            name.resize(name.size() - (std::min)(name.size(), tap.name.size() + 1));
            sites_.push_back(
                {.name = std::move(name),
                 .of_neuron = std::vector<std::int64_t>(static_cast<std::size_t>(tap.last))});
        }
        return sites_[place];
    }

    void count_spikes(Tap const& tap, Site& site) {
        auto const positions = static_cast<std::size_t>((std::min)(time_, tap.rows));
        if (site.of_position.size() < positions) {
            site.of_position.resize(positions);
            site.rows_at.resize(positions);
        }
        site.rows += tap.rows;
        for (index r = 0; r < tap.rows; ++r) {
            ++site.rows_at[static_cast<std::size_t>(r % time_)];
        }
        each_active(tap, [&](index row, index neuron) {
            ++site.of_neuron[static_cast<std::size_t>(neuron)];
            ++site.of_position[static_cast<std::size_t>(row % time_)];
        });
        if (charge_.layer == tap.layer && charge_.layer_type == tap.layer_type) {
            auto const* const charges = static_cast<float const*>(charge_.data);
            for (index i = 0; i < charge_.rows * charge_.last; ++i) {
                site.charges.add(static_cast<double>(charges[i]));
            }
        }
        charge_ = {};
    }

    PartNames names_;
    detail::Places places_;
    std::vector<Site> sites_;
    index time_ = 1;
    Tap charge_{};  // of a node that has not shown its spikes yet
};

}  // namespace spikelet
