// SPDX-License-Identifier: MIT
// Programs for many machines link kernels of several instruction sets; the linker must not take one
// for another.
#include <isa/isa.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

namespace spikelet::test {
namespace {

struct Machine {
    void (*compute)(Computed&);
    index lanes;
    bool here;
};

std::vector<Machine> machines() {
    return {{on_sse2, 4, true},
            {on_avx2, 8, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
            {on_avx512, 16,
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512cd")}};
}

template <class Numbers>
double difference(Numbers const& a, Numbers const& b) {
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    }
    return worst;
}

TEST_CASE("instruction sets: kernels in one program stay apart and agree") {
    auto const first = std::make_unique<Computed>();
    on_sse2(*first);
    CHECK(std::any_of(first->spikes.begin(), first->spikes.end(), [](word w) { return w != 0; }));
    for (auto const& machine : machines()) {
        CAPTURE(machine.lanes);
        if (!machine.here) {
            MESSAGE("this machine cannot run them");
            continue;
        }
        auto const other = std::make_unique<Computed>();
        machine.compute(*other);
        CHECK(other->lanes == machine.lanes);
        CHECK(other->spikes == first->spikes);
        CHECK(difference(other->dense, first->dense) < 2e-5);
        // With fused multiply-adds thousands of sums cannot all round alike.
        if (machine.lanes > 4) { CHECK(other->dense != first->dense); }
        CHECK(difference(other->sparse, first->sparse) < 1e-5);
        CHECK(difference(other->past, first->past) < 1e-5);
        CHECK(difference(other->logits, first->logits) < 1e-5);
    }
}

}  // namespace
}  // namespace spikelet::test
