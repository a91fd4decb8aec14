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

/// The numbers of every tap by name; spikes as what they are worth.
class Recorder final : public Observer {
public:
    template <class Model>
    explicit Recorder(Model const& model) : names_(model) {}

    void see(Tap const& tap) override {
        auto& numbers = seen[names_(tap)];
        if (tap.kind == Tap::Kind::spikes) {
            see_spikes(tap, numbers);
        } else if (tap.kind == Tap::Kind::f32) {
            auto const* const data = static_cast<float const*>(tap.data);
            numbers.insert(numbers.end(), data, data + tap.rows * tap.last);
        }
    }

    std::map<std::string, std::vector<float>> seen;

private:
    static void see_spikes(Tap const& tap, std::vector<float>& numbers) {
        auto const planes = static_cast<index>(tap.plane_weights.size());
        auto const* words = static_cast<word const*>(tap.data);
        for (index r = 0; r < tap.rows; ++r, words += Element<bit>::row_units(tap.last) * planes) {
            for (index i = 0; i < tap.last; ++i) {
                word const* plane = words + i / bits_per_word * planes;
                int value = 0;
                for (int const weight : tap.plane_weights) {
                    value += (*plane++ >> (i % bits_per_word) & 1) != 0 ? weight : 0;
                }
                numbers.push_back(static_cast<float>(value));
            }
        }
    }

    PartNames names_;
};

}  // namespace spikelet::test
