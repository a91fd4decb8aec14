// SPDX-License-Identifier: MIT
#include <spikelet/kernels/result_blocks.hpp>

#include <vector>

#include <doctest/doctest.h>

namespace spikelet::test::result_blocks_test {
namespace {

using kernels::BlockLimits;
using kernels::MatmulSize;
using kernels::ResultBlock;

TEST_CASE("result_blocks: every element of the result is in one block, which is not too large") {
    BlockLimits const limits{16, 8, 256, 1};
    for (index const rows : {0, 1, 7, 8, 9, 33}) {
        for (index const outputs : {0, 1, 15, 16, 17, 100, 1000}) {
            for (int const threads : {1, 3}) {
                CAPTURE(rows);
                CAPTURE(outputs);
                std::vector<int> times(static_cast<std::size_t>(rows * outputs));
                kernels::for_each_block(
                    OpenMp<>{threads}, MatmulSize{rows, 5, outputs}, limits,
                    [&](ResultBlock const& b) {
                        bool fits = b.rows() <= limits.rows && b.first_column % limits.panel == 0;
                        index panels = 0;
                        b.for_each_panel(limits.panel, [&](index column, auto) {
                            ++panels;
                            fits = fits && column < outputs;
                        });
                        fits = fits && panels * limits.panel * b.rows() <= limits.sums;
                        for (index r = b.first_row; r < b.last_row; ++r) {
                            for (index c = b.first_column; c < b.last_column; ++c) {
                                times[static_cast<std::size_t>(r * outputs + c)] += fits ? 1 : 2;
                            }
                        }
                    });
                CHECK(times == std::vector<int>(times.size(), 1));
            }
        }
    }
}

TEST_CASE("result_blocks: few rows are shared among all threads") {
    int blocks = 0;
    kernels::for_each_block(OpenMp<>{2}, MatmulSize{1, 5, 64}, BlockLimits{16, 8, 256, 1000000},
                            [&](ResultBlock const&) { ++blocks; });
    CHECK(blocks == 2);
}

}  // namespace
}  // namespace spikelet::test::result_blocks_test
