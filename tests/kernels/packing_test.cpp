// SPDX-License-Identifier: MIT
#include <spikelet/kernels/packing.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <support/numbers.hpp>

namespace spikelet::test::packing_test {
namespace {

using kernels::Block;

constexpr index rows = 70;
constexpr index columns = 75;

/// A matrix of numbers [rows, columns] in all the ways a factor may be stored.
template <class T>
struct Matrix {
    std::vector<T> by_rows = random_numbers<T>(rows * columns, 1);
    std::vector<T> by_columns = std::vector<T>(by_rows.size());

    Matrix() {
        for (index r = 0; r < rows; ++r) {
            for (index c = 0; c < columns; ++c) {
                by_columns[static_cast<std::size_t>(c * rows + r)] = at(r, c);
            }
        }
    }
    T at(index r, index c) const { return by_rows[static_cast<std::size_t>(r * columns + c)]; }
};

constexpr index tile_rows = 6;
template <class T>
constexpr index tile_columns = 2 * simd::width<simd::Batch<T, Serial<>>>;
template <class T>
using Packing = kernels::Packing<tile_rows, tile_columns<T>, kernels::Arithmetic<T, Serial<>>>;

/// A panel is [depth, tile_columns], zero behind the block's columns.
template <class T>
bool is_panel(Matrix<T> const& m, Block block, std::vector<T> const& panel) {
    bool right = true;
    for (index d = 0; d < block.rows; ++d) {
        for (index c = 0; c < tile_columns<T>; ++c) {
            T const expected = c < block.columns ? m.at(block.row + d, block.column + c) : T(0);
            right = right && panel[static_cast<std::size_t>(d * tile_columns<T> + c)] == expected;
        }
    }
    return right;
}

TEST_CASE_TEMPLATE("packing: a panel holds the columns of one tile, depth after depth", T, float,
                   double) {
    Matrix<T> const m;
    for (index const depth : {1, 7, 33}) {
        for (index const width : {index{1}, tile_columns<T> - 1, tile_columns<T>}) {
            Block const block{3, 5, depth, width};
            std::vector<T> panel(static_cast<std::size_t>(depth * tile_columns<T>), T(99));
            Packing<T>::panel(kernels::ByRows<T>{m.by_rows.data(), columns}, block, panel.data());
            CHECK(is_panel(m, block, panel));
            std::fill(panel.begin(), panel.end(), T(99));
            Packing<T>::panel(kernels::ByColumns<T>{m.by_columns.data(), rows}, block,
                              panel.data());
            CHECK(is_panel(m, block, panel));
        }
    }
}

/// Slivers lie sliver_size() apart; in each, `run` consecutive depths of a row lie together.
template <class T, class Left, class M>
bool packs_slivers(M const& m, Left left, Block block) {
    index const run = left.by_columns ? 1 : Packing<T>::run_by_rows;
    index const size = Packing<T>::sliver_size(block.columns);
    index const count = (block.rows + tile_rows - 1) / tile_rows;
    std::vector<T> to(static_cast<std::size_t>(count * size), T(99));
    Packing<T>::slivers(left, block, to.data());
    bool right = true;
    for (index r = 0; r < count * tile_rows; ++r) {
        for (index d = 0; d < block.columns; ++d) {
            index const at =
                r / tile_rows * size + d / run * run * tile_rows + r % tile_rows * run + d % run;
            T const expected =
                r < block.rows ? static_cast<T>(m.at(block.row + r, block.column + d)) : T(0);
            right = right && to[static_cast<std::size_t>(at)] == expected;
        }
    }
    return right;
}

TEST_CASE_TEMPLATE("packing: slivers hold the rows of tiles, whatever the factor", T, float,
                   double) {
    Matrix<T> const m;
    for (index const height : {1, 5, 6, 13}) {
        for (index const depth : {1, 15, 16, 33}) {
            // Blocks of the depth start at whole vectors.
            Block const block{3, 32, height, depth};
            CHECK(packs_slivers<T>(m, kernels::ByRows<T>{m.by_rows.data(), columns}, block));
            CHECK(packs_slivers<T>(m, kernels::ByColumns<T>{m.by_columns.data(), rows}, block));
        }
    }
}

}  // namespace
}  // namespace spikelet::test::packing_test
