// SPDX-License-Identifier: MIT
// What a model shows on the way, under the names of its parts.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/core/bits.hpp>
#include <spikelet/core/tokens.hpp>

#include "conformance/array.hpp"

namespace conformance {

/// Keeps every value that a pass over [batch, time] shows.
class Trace final : public spikelet::Observer {
public:
    template <class Model>
    Trace(Model const& model, spikelet::Tokens const& tokens, Arrays& to)
        : names_(model),
          batch_(tokens.batch),
          time_(tokens.time),
          to_(&to) {}

    void see(spikelet::Tap const& tap) override {
        Array seen{{batch_, time_, tap.last}, {}};
        seen.values.resize(static_cast<std::size_t>(tap.rows * tap.last));
        switch (tap.kind) {
        case spikelet::Tap::Kind::f32:
            copy(static_cast<float const*>(tap.data), seen.values);
            break;
        case spikelet::Tap::Kind::f64:
            copy(static_cast<double const*>(tap.data), seen.values);
            break;
        case spikelet::Tap::Kind::spikes:
            seen.dtype = tap.plane_weights.back() < 0 ? spikelet::Dtype::I8 : spikelet::Dtype::U8;
            unpack(tap, seen.values);
            break;
        }
        (*to_)[names_(tap)] = std::move(seen);
    }

private:
    template <class T>
    static void copy(T const* from, std::vector<double>& to) {
        std::copy_n(from, to.size(), to.begin());
    }

    static void unpack(spikelet::Tap const& tap, std::vector<double>& to) {
        auto const* const words = static_cast<spikelet::word const*>(tap.data);
        index const row_words =
            spikelet::Element<spikelet::bit>::row_units(tap.last) * std::ssize(tap.plane_weights);
        for (index r = 0; r < tap.rows; ++r) {
            spikelet::unpack(words + r * row_words, tap.last, tap.plane_weights,
                             to.data() + r * tap.last);
        }
    }

    spikelet::PartNames names_;
    index batch_, time_;
    Arrays* to_;
};

}  // namespace conformance
