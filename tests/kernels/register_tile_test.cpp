// SPDX-License-Identifier: MIT
// Numbers and edges are tested through BlockedProduct; here, that a panel packed on the way is the
// panel that is packed before.
#include <spikelet/kernels/register_tile.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <support/numbers.hpp>

namespace spikelet::test::register_tile_test {
namespace {

TEST_CASE_TEMPLATE("register_tile: packing on the way changes neither panel nor result", T, float,
                   double) {
    using Tile = kernels::RegisterTile<kernels::Arithmetic<T, Serial<>>>;
    using Packing = typename Tile::Packing;
    constexpr index stride = Tile::most_columns + 3;
    for (index const depth : {1, 7, 40}) {
        auto const left = random_numbers<T>(depth * Tile::most_rows, 1);
        auto const right = random_numbers<T>(depth * stride, 2);
        std::vector<T> sliver(static_cast<std::size_t>(Packing::sliver_size(depth)));
        Packing::slivers(kernels::ByColumns<T>{left.data(), Tile::most_rows},
                         {0, 0, Tile::most_rows, depth}, sliver.data());
        std::vector<T> panel(static_cast<std::size_t>(depth * Tile::most_columns));
        Packing::panel(kernels::ByRows<T>{right.data(), stride}, {0, 0, depth, Tile::most_columns},
                       panel.data());
        std::vector<T> before(static_cast<std::size_t>(Tile::most_rows * Tile::most_columns));
        auto on_the_way = before;
        Tile tile{Tile::most_rows,
                  Tile::most_columns,
                  depth,
                  sliver.data(),
                  true,
                  panel.data(),
                  true,
                  before.data(),
                  Tile::most_columns,
                  nullptr,
                  0};
        Tile::add(tile);
        std::vector<T> packed(panel.size(), T(99));
        tile.result = on_the_way.data();
        Tile::add_and_pack(tile, right.data(), stride, depth, packed.data());
        CHECK(same_bits(packed, panel));
        CHECK(same_bits(on_the_way, before));
    }
}

}  // namespace
}  // namespace spikelet::test::register_tile_test
