// SPDX-License-Identifier: MIT
// Numbers for the layers that show taps, so that observers can keep what they count in a vector.
#pragma once

#include <cstddef>
#include <vector>

#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/extents.hpp>

namespace spikelet::detail {

/// Layers by address and type, numbered from 0 in the order in which they were added. (A std::map
/// is slower to compile than all that it would be used for.)
class Places {
public:
    void add(void const* layer, void const* type, index width) {
        known_.push_back({layer, type, width});
    }

    /// The number of the layer that shows the tap, in rows of this width: what has no weights may
    /// serve several. How many there are if it is not known.
    [[nodiscard]] std::size_t find(Tap const& tap) {
        for (std::size_t tries = 0; tries < known_.size(); ++tries) {
            // A pass shows layers in the order of the one before it.
            next_ = next_ + 1 < known_.size() ? next_ + 1 : 0;
            Layer const& layer = known_[next_];
            if (layer.address == tap.layer && layer.type == tap.layer_type &&
                layer.width == tap.last) {
                return next_;
            }
        }
        return known_.size();
    }

private:
    struct Layer {
        void const* address;
        void const* type;
        index width;
    };
    std::vector<Layer> known_;
    std::size_t next_ = 0;
};

}  // namespace spikelet::detail
