// SPDX-License-Identifier: MIT
// How many neurons fire, counted from the packed spikes as they pass.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/core/bits.hpp>

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

        /// Spikes per chance, 0 to 1; 0 before the first chance.
        [[nodiscard]] double rate() const {
            return chances == 0 ? 0.0 : static_cast<double>(spikes) / static_cast<double>(chances);
        }
    };

    /// The model must stay where it is. Throws Error if a part's name is too long.
    template <class Model>
    explicit FiringRates(Model const& model) : names_(model) {}

    /// Counts the spikes of a tap; numbers do not matter.
    void see(Tap const& tap) override {
        if (tap.kind != Tap::Kind::spikes) { return; }
        auto const [at, fresh] = places_.try_emplace({tap.layer, tap.layer_type}, sites_.size());
        if (fresh) {
            std::string name = names_(tap);
            name.resize(name.size() - std::min(name.size(), tap.name.size() + 1));
            sites_.push_back({std::move(name)});
        }
        Site& site = sites_[at->second];
        auto const* const words = static_cast<word const*>(tap.data);
        site.spikes += count(words, tap.rows * Element<bit>::row_units(tap.last));
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
        for (Site& s : sites_) { s.spikes = s.chances = 0; }
    }

private:
    PartNames names_;
    std::map<std::pair<void const*, void const*>, std::size_t> places_;
    std::vector<Site> sites_;
};

}  // namespace spikelet
