// SPDX-License-Identifier: MIT
//
// An observer that keeps everything it is shown.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/bits.hpp>

namespace spikelet::test {

/// The numbers of every tap by name; spikes as what they are worth, 0 and 1 say.
class Recorder final : public Observer {
public:
    template <class Model>
    explicit Recorder(Model const& model) : names_(model) {}

    void see(Tap const& tap) override {
        auto& numbers = seen[names_(tap)];
        if (tap.kind == Tap::Kind::spikes) {
            auto const* words = static_cast<word const*>(tap.data);
            index const units = Element<bit>::row_units(tap.last) * std::ssize(tap.plane_weights);
            for (index r = 0; r < tap.rows; ++r, words += units) {
                std::vector<float> row(static_cast<std::size_t>(tap.last));
                unpack(words, tap.last, tap.plane_weights, row.data());
                numbers.insert(numbers.end(), row.begin(), row.end());
            }
        } else if (tap.kind == Tap::Kind::f32) {
            auto const* const data = static_cast<float const*>(tap.data);
            numbers.insert(numbers.end(), data, data + tap.rows * tap.last);
        }
    }

    std::map<std::string, std::vector<float>> seen;

private:
    PartNames names_;
};

}  // namespace spikelet::test
