// SPDX-License-Identifier: MIT
//
// Static extents cost no bytes; what is passed around by value is trivial.
#include <type_traits>

#include <spikelet/core/policy.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/core/tensor.hpp>

namespace spikelet {

static_assert(std::is_empty_v<Size<4>>);
static_assert(sizeof(Size<dyn>) == sizeof(index));

static_assert(std::is_empty_v<Extents<2, 3, 4>>);
static_assert(sizeof(Extents<dyn, 3, 4>) == sizeof(index));
static_assert(sizeof(Extents<dyn, dyn, 4>) == 2 * sizeof(index));
static_assert(sizeof(Extents<dyn, dyn, dyn>) == 3 * sizeof(index));
static_assert(std::is_trivially_copyable_v<Extents<dyn, 3>>);
static_assert(std::is_trivially_destructible_v<Extents<dyn, 3>>);
static_assert(Extents<dyn, 3, 4>::rank == 3);
static_assert(Extents<dyn, 3, 4>::rank_dynamic == 1);
static_assert(Extents<dyn, 3, 4>::last == 4);
static_assert(Extents<3, dyn>::last == dyn);
static_assert(Extents<2, 3>{}.size() == 6);
static_assert(Extents<dyn, 3>(5, {}).rows() == 5);
static_assert(std::is_same_v<decltype(Extents<dyn, 3>{}.with_last(Size<7>{})), Extents<dyn, 7>>);
static_assert(std::is_same_v<decltype(Extents(Size<dyn>{2}, Size<3>{})), Extents<dyn, 3>>);

static_assert(or_else(3, 4) == 3);
static_assert(or_else(dyn, 4) == 4);
static_assert(or_else(3, dyn) == dyn);

static_assert(sizeof(View<float, 2, 3>) == sizeof(float*));
static_assert(sizeof(View<float, dyn, 3>) == sizeof(float*) + sizeof(index));
static_assert(std::is_trivially_copyable_v<View<float, dyn, 3>>);
static_assert(std::is_same_v<View<bit, 2, 3>::unit, word>);
static_assert(std::is_same_v<View<bit const, 2, 3>::unit, word const>);
static_assert(std::is_same_v<View<float const, 2>::element, float>);

static_assert(sizeof(Tensor<float, 2, 3>) == sizeof(Buffer<float>));
static_assert(!std::is_copy_constructible_v<Tensor<float, 2>>);
static_assert(std::is_nothrow_move_constructible_v<Tensor<float, 2>>);
static_assert(std::is_default_constructible_v<Tensor<float, 2>>);
static_assert(!std::is_default_constructible_v<Tensor<float, dyn>>);
static_assert(!std::is_copy_constructible_v<Buffer<float>>);
static_assert(std::is_nothrow_move_assignable_v<Buffer<float>>);

static_assert(std::is_empty_v<Serial<>>);
static_assert(sizeof(OpenMp<>) == sizeof(int));
static_assert(std::is_trivially_copyable_v<Rng>);
static_assert(std::is_trivially_copyable_v<Rng::State>);

// Random numbers are the same in constant expressions.
static_assert([] {
    Rng rng(1);
    double const x = rng.uniform();
    return x >= 0 && x < 1 && rng.below(3) < 3 && rng.state().position == 2;
}());

}  // namespace spikelet
