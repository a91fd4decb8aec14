// expect: this op takes numbers, not spikes: to_numbers(spikes) makes numbers of them
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/event_node.hpp>

auto wrong(spikelet::EventNode<128> const& node, spikelet::Tape<>& tape) {
    return node(node(tape.make<float>(spikelet::Extents<3, 128>{})));
}
