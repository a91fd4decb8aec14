// SPDX-License-Identifier: MIT
#include <spikelet/kernels/spike_transpose.hpp>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test::spike_transpose_test {
namespace {

TEST_CASE_TEMPLATE("spike_transpose: rows become columns, and nothing is behind them", S, bit,
                   graded<3>, signed_graded<3>, trit) {
    for (index const rows : {1, 63, 64, 130}) {
        for (index const columns : {1, 64, 65, 200}) {
            RandomSpikes<float, S> const s(rows, columns, 0.3, 1);
            index const words = Element<S>::row_units(rows);
            auto const flipped = s.transposed();
            std::vector<word> expected(static_cast<std::size_t>(columns * words));
            for (index c = 0; c < columns; ++c) {
                pack<S>(flipped.data() + c * rows, rows, expected.data() + c * words);
            }
            for (int const threads : {1, 3}) {
                std::vector<word> found(expected.size(), ~word{0});
                kernels::transpose_spikes<S>(OpenMp<>{threads}, rows, columns, s.packed.data(),
                                             found.data());
                CHECK(found == expected);
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test::spike_transpose_test
