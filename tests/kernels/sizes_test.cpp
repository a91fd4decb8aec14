// SPDX-License-Identifier: MIT
#include <spikelet/kernels/sizes.hpp>

#include <atomic>
#include <vector>

#include <doctest/doctest.h>

namespace spikelet::test::sizes_test {
namespace {

TEST_CASE("strips: cover every channel of every sequence once, words of spikes at a time") {
    auto const check = [](auto policy, kernels::Btc n) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n.B * n.C));
        std::atomic<int> wrong{0};
        kernels::for_each_strip(policy, n, [&](index b, index first, index last) {
            bool const whole =
                first % 64 == 0 && last > first && last - first <= kernels::widest_strip;
            wrong += whole ? 0 : 1;
            for (index c = first; c < last; ++c) {
                ++visits[static_cast<std::size_t>(b * n.C + c)];
            }
        });
        CHECK(wrong == 0);
        CHECK(std::vector<int>(visits.begin(), visits.end()) == std::vector<int>(visits.size(), 1));
    };
    for (index const channels : {0, 1, 63, 64, 65, 200, 255, 256, 257, 1000}) {
        for (index const batch : {0, 1, 3}) {
            for (index const time : {0, 1, 1000}) {
                kernels::Btc const n{batch, time, channels};
                check(serial, n);
                check(OpenMp<>{2}, n);
                check(OpenMp<>{3}, n);
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test::sizes_test
