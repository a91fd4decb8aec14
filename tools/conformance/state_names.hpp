// SPDX-License-Identifier: MIT
// A session's state under the reference's names. A session carries one run of numbers in the order
// in which the ops of the model ask for them; the reference has a table of five rows for each layer
// (ffn_x, att_x, aa, bb, pp) and a membrane for each spiking site. Events of the step before are
// words, the reference's are numbers.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <spikelet/core/bits.hpp>
#include <spikelet/models/spikegpt_config.hpp>

#include "conformance/array.hpp"

namespace conformance {

/// Follows a SpikeGPT through its state.
template <class T>
class StateNames {
public:
    StateNames(spikelet::SpikeGptConfig const& config, std::span<T const> state, std::string prefix,
               Arrays& to)
        : config_(config),
          state_(state),
          prefix_(std::move(prefix)),
          to_(&to) {}

    /// Throws Error if the state has more or fewer numbers than the configuration says.
    void name_all() {
        auto const channels = static_cast<std::size_t>(config_.channels);
        rows_.assign(static_cast<std::size_t>(5 * config_.layers), std::vector<double>(channels));
        for (index i = 0; i < config_.layers; ++i) {
            std::string const block = "blocks." + std::to_string(i) + ".";
            if (i == 0 && config_.ffn_pre) {
                channel_mix(block + "ffnPre", row(i, att_x));
                std::ranges::fill(row(i, pp), -1e30);
            } else {
                time_mix(block + "att", i);
            }
            if (config_.spikes.residual == spikelet::Node::lif) { membrane(block + "lif1"); }
            channel_mix(block + "ffn", row(i, ffn_x));
            if (config_.spikes.residual == spikelet::Node::lif) { membrane(block + "lif2"); }
        }
        if (has_lif_) { membrane("lif_head"); }
        if (!state_.empty()) {
            spikelet::fail("state", std::to_string(state_.size()) + " numbers have no name");
        }
        Array table{{5 * config_.layers, config_.channels}, {}};
        for (auto const& r : rows_) { table.values.insert(table.values.end(), r.begin(), r.end()); }
        (*to_)[prefix_ + "state"] = std::move(table);
    }

    enum Row { ffn_x, att_x, aa, bb, pp };

private:
    std::vector<double>& row(index layer, Row r) {
        return rows_[static_cast<std::size_t>(5 * layer + r)];
    }

    std::vector<double> take(index n) {
        if (n > std::ssize(state_)) { spikelet::fail("state", "there are numbers missing"); }
        auto const some = state_.first(static_cast<std::size_t>(n));
        state_ = state_.subspan(some.size());
        return {some.begin(), some.end()};
    }

    // The row that token shift looks back to.
    std::vector<double> take_past() {
        if (config_.spikes.inputs != spikelet::Inputs::shared_events) {
            return take(config_.channels);
        }
        using S = spikelet::graded<3>;
        auto const words =
            static_cast<std::size_t>(spikelet::Element<S>::row_units(config_.channels));
        std::vector<spikelet::word> packed(words);
        std::size_t const units = words * sizeof(spikelet::word) / sizeof(T);
        if (units > state_.size()) { spikelet::fail("state", "there are numbers missing"); }
        std::memcpy(packed.data(), state_.data(), words * sizeof(spikelet::word));
        state_ = state_.subspan(units);
        std::vector<double> events(static_cast<std::size_t>(config_.channels));
        spikelet::unpack<S>(packed.data(), config_.channels, events.data());
        return events;
    }

    void membrane(std::string const& site, index width) {
        (*to_)[prefix_ + site + ".v"] = {{width}, take(width)};
    }
    void membrane(std::string const& site) { membrane(site, config_.channels); }

    void time_mix(std::string const& part, index layer) {
        row(layer, att_x) = take_past();
        if (has_lif_) {
            membrane(part + ".lif_k");
            membrane(part + ".lif_v");
            membrane(part + ".lif_r");
        }
        for (Row const r : {aa, bb, pp}) { row(layer, r) = take(config_.channels); }
        if (has_lif_) { membrane(part + ".lif_o"); }
    }

    void channel_mix(std::string const& part, std::vector<double>& past) {
        past = take_past();
        if (has_lif_) {
            membrane(part + ".lif_k");
            membrane(part + ".lif_r");
        }
        if (config_.spikes.spiking_hidden) { membrane(part + ".lif_v", config_.hidden_channels()); }
    }

    spikelet::SpikeGptConfig config_;
    bool has_lif_ = config_.spikes.inputs == spikelet::Inputs::lif;
    std::span<T const> state_;
    std::string prefix_;
    Arrays* to_;
    std::vector<std::vector<double>> rows_;
};

}  // namespace conformance
