// SPDX-License-Identifier: MIT
// How many neurons fire, counted from the packed spikes as they pass. A node may give numbers that
// are mostly silent (relu^2 above a threshold); it fires where they are not 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/train/activity.hpp>

namespace spikelet {

/// An observer that counts the spikes of every site of a model:
///
///     FiringRates rates(model);
///     tape.observe(&rates);
class FiringRates final : public Observer {
public:
    /// Spikes and chances to spike at one site, "blocks.0.lif1" say.
    struct Site {
        std::string name;
        std::int64_t spikes = 0;
        std::int64_t chances = 0;
        std::int64_t levels = 0;  ///< sum of the absolute values of graded spikes; 1 for plain ones

        /// Spikes per chance, 0 to 1; 0 before the first chance.
        [[nodiscard]] double rate() const {
            return chances == 0 ? 0.0 : static_cast<double>(spikes) / static_cast<double>(chances);
        }
    };

    /// The model must stay where it is. Throws Error if a part's name is too long.
    template <class Model>
    explicit FiringRates(Model const& model) : names_(model) {}

    /// Counts what a node shows as "s"; other values do not matter.
    void see(Tap const& tap) override {
        if (tap.name != "s") { return; }
        auto const [at, fresh] = places_.try_emplace({tap.layer, tap.layer_type}, sites_.size());
        if (fresh) {
            std::string name = names_(tap);
            name.resize(name.size() - std::min(name.size(), tap.name.size() + 1));
            sites_.push_back({std::move(name)});
        }
        Site& site = sites_[at->second];
        Activity const sum = activity(tap);
        site.spikes += sum.events;
        site.levels += sum.levels;
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
        for (Site& s : sites_) { s.spikes = s.chances = s.levels = 0; }
    }

private:
    PartNames names_;
    std::map<std::pair<void const*, void const*>, std::size_t> places_;
    std::vector<Site> sites_;
};

}  // namespace spikelet
