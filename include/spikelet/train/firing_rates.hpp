// SPDX-License-Identifier: MIT
// How many neurons fire, and how many of them never or always, counted from the packed spikes as
// they pass. A node may give numbers that are mostly silent (relu^2 above a threshold); it fires
// where they are not 0.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/train/activity.hpp>
#include <spikelet/train/places.hpp>

namespace spikelet {

/// An observer that counts the spikes of every site of a model:
///
///     FiringRates rates(model);
///     tape.observe(&rates);
class FiringRates final : public Observer {
public:
    /// Spikes and chances to spike at one site, "blocks.0.lif1" say.
    struct Site {
        std::string name;          ///< of the node in the model
        std::int64_t spikes = 0;   ///< elements that were not 0
        std::int64_t chances = 0;  ///< elements that could have been
        /// Sum of the absolute values of graded spikes; plain ones, and numbers, count 1.
        std::int64_t levels = 0;
        index neurons = 0;           ///< of the node
        std::vector<word> fired{};   ///< a bit for each neuron that fired at least once
        std::vector<word> always{};  ///< a bit for each that fired at every chance

        /// Spikes per chance, 0 to 1; 0 before the first chance.
        [[nodiscard]] double rate() const {
            return chances == 0 ? 0.0 : static_cast<double>(spikes) / static_cast<double>(chances);
        }
        /// Neurons that never fired; none before the first chance.
        [[nodiscard]] index dead() const {
            return chances == 0 ? 0 : neurons - count(fired.data(), std::ssize(fired));
        }
        /// Neurons that always fired; none before the first chance.
        [[nodiscard]] index saturated() const {
            return chances == 0 ? 0 : count(always.data(), std::ssize(always));
        }
    };

    /// The model must stay where it is. Throws Error if a part's name is too long.
    template <class Model>
    explicit FiringRates(Model const& model) : names_(model) {}

    /// Counts what a node shows as "s"; other values do not matter.
    void see(Tap const& tap) override {
        if (tap.name != "s") { return; }
        std::size_t const place = places_.find(tap);
        if (place == sites_.size()) {
            places_.add(tap.layer, tap.layer_type, tap.last);
            std::string name = names_(tap);
            name.resize(name.size() - (std::min)(name.size(), tap.name.size() + 1));
            auto const words = static_cast<std::size_t>(Element<bit>::row_units(tap.last));
            sites_.push_back({.name = std::move(name),
                              .neurons = tap.last,
                              .fired = std::vector<word>(words),
                              .always = std::vector<word>(words, ~word{0})});
        }
        Site& site = sites_[place];
        std::int64_t events = 0;
        each_active_word(tap, [&](index, index first, word bits) {
            auto const w = static_cast<std::size_t>(first / bits_per_word);
            site.fired[w] |= bits;
            site.always[w] &= bits;
            events += std::popcount(bits);
        });
        site.spikes += events;
        // Plain spikes and numbers that are not 0 are of level 1: no second look at them.
        site.levels += tap.plane_weights.size() > 1 ? activity(tap).levels : events;
        site.chances += tap.rows * tap.last;
    }

    /// The sites in the order in which they first fired or could have.
    [[nodiscard]] std::vector<Site> const& sites() const { return sites_; }

    /// The rate over all sites, each chance counting the same; the signs of a binary embedding are
    /// a site like any other.
    [[nodiscard]] double mean() const {
        Site all;
        for (Site const& s : sites_) {
            all.spikes += s.spikes;
            all.chances += s.chances;
        }
        return all.rate();
    }

    /// Starts counting anew; the sites stay known.
    void reset() {
        for (Site& s : sites_) {
            s.spikes = s.chances = s.levels = 0;
            s.fired.assign(s.fired.size(), word{0});
            s.always.assign(s.always.size(), ~word{0});
        }
    }

private:
    PartNames names_;
    detail::Places places_;
    std::vector<Site> sites_;
};

}  // namespace spikelet
