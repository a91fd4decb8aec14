// SPDX-License-Identifier: MIT
#include <spikelet/kernels/spike_events.hpp>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test {
namespace {

using kernels::Event;

template <class S>
using Events = kernels::SpikeEvents<S, Serial<>>;

TEST_CASE_TEMPLATE("spike_events: active inputs in ascending order, their values, ends of groups",
                   S, graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    for (double const density : {0.0, 0.1, 0.6, 1.0}) {
        RandomSpikes<float, S> const s(1, 512, density, 1);
        std::vector<Event> events(512);
        Event const* const end = Events<S>::list(s.packed.data(), 8, events.data());
        Event const* event = events.data();
        bool right = true;
        for (index i = 0; i < 512; ++i) {
            float const value = s.numbers[static_cast<std::size_t>(i)];
            if (value == 0) { continue; }
            right = right && event != end && Events<S>::place(*event) == i;
            right = right && Events<S>::template value<float>(*event) == value;
            auto const rest = s.numbers.begin() + i + 1;
            bool const last = std::all_of(rest, s.numbers.begin() + i / 4 * 4 + 4,
                                          [](float other) { return other == 0; });
            right = right && Events<S>::last(*event++) == last;
        }
        CHECK(right);
        CHECK(event == end);
    }
}

TEST_CASE("spike_events: a group is its first product, rounded, and fused ones") {
    float const third = 1.0F / 3;
    std::vector<int> const values{0, 7, 0, 0, 3, 0, 5, 7};
    word spikes[3];
    pack<graded<3>>(values.data(), 8, spikes);
    std::vector<Event> events(8);
    Events<graded<3>>::list(spikes, 1, events.data());
    using Batch = simd::Batch<float, Serial<>>;
    std::array<Batch, 1> sums{Batch(1)};
    auto const row = [&](index i, auto) { return Batch(third + static_cast<float>(i)); };
    auto const at = [&](index i) { return row(i, 0); };
    Event const* const second = Events<graded<3>>::add_group(events.data(), row, sums);
    CHECK(second == events.data() + 1);
    float const volatile product = 7 * (third + 1);
    CHECK(simd::largest(sums[0]) == 1 + product);
    Events<graded<3>>::add_group(second, row, sums);
    Batch group = simd::fma(Batch(3), at(4), Batch(-0.0F));
    group = simd::fma(Batch(7), at(7), simd::fma(Batch(5), at(6), group));
    CHECK(simd::largest(sums[0]) == 1 + product + simd::largest(group));
}

}  // namespace
}  // namespace spikelet::test
