// SPDX-License-Identifier: MIT
//
// The compiler knows what a model needs to stream: a budget that grows is noticed here.
#include <spikelet/autodiff/session.hpp>
#include <spikelet/models/spikegpt.hpp>

#include <support/tiny_lm.hpp>

namespace spikelet {

/// What a session of static sizes holds beyond the model's own needs.
template <class Model>
constexpr index overhead() {
    constexpr Footprint f = footprint<Model>();
    return static_cast<index>(sizeof(Session<Model>)) - f.scratch - f.workspace -
           f.state * static_cast<index>(sizeof(float));
}

// A small model for a chip: 64 channels, 4 blocks, bytes in and out.
using Chip = test::TinyLm<256, 64, 4>;
static_assert(footprint<Chip>().state == 4 * 5 * 64);
static_assert(sizeof(Session<Chip>) <= 10 * 1024, "the model must fit the chip");
static_assert(overhead<Chip>() <= 192);

using Nano = SpikeGpt<256, 64, 2>;
static_assert(footprint<Nano>().state == 2 * 7 * 64);
static_assert(sizeof(Session<Nano>) <= 12 * 1024, "the model must fit the chip");
static_assert(overhead<Nano>() <= 192);

// What docs/edge.md says of its example. g++ tells what a wrong number should be.
using Example = SpikeGpt<256, 32, 2>;
static_assert(sizeof(Session<Example>) == 6016);
static_assert(sizeof(Example) == 7184);

// Depth costs state, nothing else.
static_assert(footprint<SpikeGpt<256, 64, 8>>().scratch == footprint<Nano>().scratch);
static_assert(footprint<SpikeGpt<256, 64, 8>>().state == 4 * footprint<Nano>().state);

// A variant is chosen by name, and its configuration decides what a session of it needs.
constexpr Footprint of(std::string_view variant) {
    return footprint(Nano(make_config(find_variant(variant), 256, 2, 64)));
}
static_assert(of("spikegpt") == footprint<Nano>());
static_assert(of("vanilla_rwkv").state == 2 * 5 * 64);
static_assert(of("spike_driven").state == 2 * (5 + 4 + 2 + 4) * 64 + 64);
static_assert(of("event_driven").state < of("vanilla_rwkv").state);  // three bits a channel
using Driven = Session<Nano, Serial<>, float, of("spike_driven")>;
static_assert(sizeof(Driven) > sizeof(Session<Nano>));
static_assert(find_size("nano").channels == 64);

static_assert(footprint<Nano>(make_config(find_variant("event_driven"), 256, 2, 64)) ==
              of("event_driven"));
static_assert(parameter_count<Nano>(make_config(find_variant("event_driven"), 256, 2, 64)) >
              parameter_count<Nano>());

// A session of run-time sizes is a handle.
static_assert(sizeof(Session<SpikeGpt<>>) <= 256);

static_assert(alignof(Session<Chip>) == alignment);

}  // namespace spikelet
