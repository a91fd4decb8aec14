// SPDX-License-Identifier: MIT
//
// A layer of static sizes is its pointers; a model of them exists in constant expressions.
#include <type_traits>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/models/spikegpt.hpp>

#include <support/tiny_lm.hpp>

namespace spikelet {

// Value and gradient: a pointer, a length and an owner's flag each.
static_assert(sizeof(Parameter<4, 5>) == 2 * sizeof(Buffer<float>));
static_assert(sizeof(Parameter<dyn, 5>) == sizeof(Parameter<4, 5>) + sizeof(index));
static_assert(sizeof(Linear<4, 5>) == sizeof(Parameter<4, 5>) + sizeof(WeightFormat));
static_assert(sizeof(LayerNorm<4>) == 2 * sizeof(Parameter<4>));
static_assert(std::is_trivially_copyable_v<ParameterView<float, 4, 5>>);
static_assert(std::is_trivially_destructible_v<ParameterView<float, dyn, 5>>);

// What closures on a tape capture.
using SomeVar = Var<Tape<>, float, Extents<dyn, dyn, 4>>;
static_assert(std::is_trivially_copyable_v<SomeVar>);
static_assert(std::is_trivially_destructible_v<SomeVar>);
static_assert(std::is_trivially_copyable_v<LifOptions>);

static_assert(Layer<Linear<4, 5>>);
static_assert(Layer<Embedding<4, 5>>);
static_assert(Layer<Lif<>>);
static_assert(Layer<SpikeGpt<>>);
static_assert(has_static_sizes<Linear<4, 5>>());
static_assert(has_static_sizes<test::TinyLm<>>());
static_assert(has_static_sizes<SpikeGpt<16, 8, 2>>());
static_assert(!has_static_sizes<Linear<dyn, 5>>());
static_assert(!has_static_sizes<SpikeGpt<>>());
static_assert(!has_static_sizes<SpikeGpt<16, 8, dyn>>());
static_assert(!has_static_sizes<SpikeGpt<dyn, 8, 2>>());

template <class Model>
consteval index count_of() {
    Model const model{};
    return parameter_count(model);
}
static_assert(count_of<test::TinyLm<11, 9, 3>>() == 2 * 11 * 9 + 3 * (3 * 81 + 4 * 9) + 2 * 9);
static_assert(count_of<SpikeGpt<16, 8, 2>>() ==
              SpikeGpt<16, 8, 2>::with_static_sizes({}).parameter_count());

}  // namespace spikelet
