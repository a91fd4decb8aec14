// SPDX-License-Identifier: MIT
// What matrices read: numbers, or spikes of the nodes in front of them.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/ops/event_node.hpp>

namespace spikelet {

/// What the matrices of a layer read.
enum class Inputs {
    numbers,        ///< the layer's own values
    lif,            ///< spikes of leaky integrate-and-fire neurons
    shared_events,  ///< graded spikes of one node, before a token shift that selects
    own_events,     ///< graded spikes of a node for each matrix, behind a token shift that mixes
};

/// Kinds of inputs with a name.
struct NamedInputs {
    std::string_view name;  ///< "lif", say
    Inputs inputs;          ///< its value
};

/// All of them.
inline constexpr std::array<NamedInputs, 4> named_inputs{{{"numbers", Inputs::numbers},
                                                          {"lif", Inputs::lif},
                                                          {"shared_events", Inputs::shared_events},
                                                          {"own_events", Inputs::own_events}}};

/// True where event nodes stand in front of matrices.
constexpr bool reads_events(Inputs inputs) {
    return inputs == Inputs::shared_events || inputs == Inputs::own_events;
}

/// Throws Error unless a layer has the event nodes of `inputs`: they are made when it is.
constexpr void check_nodes(char const* layer, Inputs inputs, bool shared, bool own) {
    if (shared != (inputs == Inputs::shared_events) || own != (inputs == Inputs::own_events)) {
        fail(layer, "its inputs were changed after its event nodes were made of them");
    }
}

/// How many levels graded spikes have at most: in front of the projections, of time mixing's output
/// (with a sign), of the head.
struct EventLevelOptions {
    int inputs = 7;  ///< in front of projections
    int output = 3;  ///< in front of time mixing's output matrix, either sign
    int head = 7;    ///< in front of the head

    friend constexpr bool operator==(EventLevelOptions const&, EventLevelOptions const&) = default;
};

/// Throws Error unless graded<3> and signed_graded<3> hold so many levels.
constexpr void check(EventLevelOptions const& levels) {
    checked_levels<graded<3>>("input levels", levels.inputs);
    checked_levels<signed_graded<3>>("output levels", levels.output);
    checked_levels<graded<3>>("head levels", levels.head);
}

/// The threshold that nodes of so many levels start with. The largest numbers of a normalised row,
/// about 2, just reach the last level; where there are few, it is what lets three in ten numbers
/// fire. With seven it lets four in ten, with a sign two of three.
template <SpikeKind S>
constexpr double first_threshold_of(int most) {
    return EventLevels<S>::has_sign ? (std::min)(0.6, 1.8 / most) : (std::min)(0.5, 1.96 / most);
}

}  // namespace spikelet
