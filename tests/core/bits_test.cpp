// SPDX-License-Identifier: MIT
#include <spikelet/core/bits.hpp>

#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>

namespace spikelet::test::bits_test {
namespace {

std::vector<int> random_flags(index n, Rng& rng) {
    std::vector<int> flags(static_cast<std::size_t>(n));
    for (int& f : flags) { f = rng.below(3) == 0 ? 1 : 0; }
    return flags;
}

TEST_CASE("bits: packing, unpacking, counting and visiting agree at every length") {
    Rng rng(1);
    for (index n = 0; n < 200; ++n) {
        CAPTURE(n);
        auto const flags = random_flags(n, rng);
        index const words = Element<bit>::row_units(n);
        std::vector<word> packed(static_cast<std::size_t>(words), ~word{0});
        pack(flags.data(), n, packed.data());

        std::vector<int> unpacked(flags.size(), -1);
        unpack(packed.data(), n, unpacked.data());
        CHECK(unpacked == flags);

        std::vector<index> expected;
        for (index i = 0; i < n; ++i) {
            if (flags[static_cast<std::size_t>(i)] != 0) { expected.push_back(i); }
        }
        std::vector<index> visited;
        for_each_set(packed.data(), words, [&](index i) { visited.push_back(i); });
        // Bits past the end would be visited and counted, too.
        CHECK(visited == expected);
        CHECK(count(packed.data(), words) == static_cast<index>(expected.size()));
    }
}

TEST_CASE("bits: spike i is bit i % 64 of word i / 64") {
    std::vector<float> flags(70);
    flags[3] = 0.5F;
    flags[64] = -1;
    word packed[2];
    pack(flags.data(), 70, packed);
    CHECK(packed[0] == word{1} << 3);
    CHECK(packed[1] == 1);
}

TEST_CASE_TEMPLATE("bits: every value of a kind is packed and unpacked at every length", S,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    Rng rng(1);
    for (index n = 0; n < 200; ++n) {
        std::vector<int> values(static_cast<std::size_t>(n));
        for (int& value : values) { value = worth<S>(static_cast<unsigned>(rng.below(16))); }
        std::vector<word> packed(static_cast<std::size_t>(Element<S>::row_units(n)), ~word{0});
        pack<S>(values.data(), n, packed.data());
        std::vector<int> unpacked(values.size(), -99);
        unpack<S>(packed.data(), n, unpacked.data());
        CHECK(unpacked == values);
    }
}

TEST_CASE_TEMPLATE("bits: weights of planes say what a kind's elements are worth", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    Rng rng(1);
    for (index const n : {0, 1, 63, 64, 65, 130}) {
        std::vector<int> values(static_cast<std::size_t>(n));
        for (int& value : values) { value = worth<S>(static_cast<unsigned>(rng.below(16))); }
        std::vector<word> packed(static_cast<std::size_t>(Element<S>::row_units(n)));
        pack<S>(values.data(), n, packed.data());
        std::vector<float> unpacked(values.size(), -99);
        unpack(packed.data(), n, Element<S>::plane_weights, unpacked.data());
        CHECK(std::equal(unpacked.begin(), unpacked.end(), values.begin(), values.end()));
    }
}

TEST_CASE_TEMPLATE("bits: activity counts what is not zero, and sums up absolute values", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    Rng rng(1);
    for (index n = 0; n < 200; ++n) {
        Activity expected;
        std::vector<int> values(static_cast<std::size_t>(n));
        for (int& value : values) {
            auto const code = static_cast<unsigned>(rng.below(16));
            value = code < 4 ? 0 : worth<S>(code);
            expected += {value != 0 ? 1 : 0, std::abs(value)};
        }
        std::vector<word> packed(static_cast<std::size_t>(Element<S>::row_units(n)));
        pack<S>(values.data(), n, packed.data());
        Activity const sum = activity<S>(packed.data(), n);
        CHECK(sum.events == expected.events);
        CHECK(sum.levels == expected.levels);
        CHECK(activity(packed.data(), n, Element<S>::plane_weights).levels == sum.levels);
    }
}

TEST_CASE("bits: the least of a signed kind counts with its absolute value") {
    int const values[3] = {-4, 3, 0};
    word packed[3];
    pack<signed_graded<3>>(values, 3, packed);
    Activity const sum = activity<signed_graded<3>>(packed, 3);
    CHECK(sum.events == 2);
    CHECK(sum.levels == 7);
}

TEST_CASE("bits: zero has no bits, and what a kind does not have becomes zero") {
    int const values[3] = {0, 2, -1};
    word packed[2];
    pack<trit>(values, 3, packed);
    CHECK(packed[0] == 0);
    CHECK(packed[1] == 4);
    std::uint8_t const bytes[3] = {255, 1, 254};  // not -1, 1, -2
    pack<trit>(bytes, 3, packed);
    CHECK(packed[0] == 2);
    CHECK(packed[1] == 0);
}

TEST_CASE("bits: packing works in constant expressions") {
    static constexpr bool flags[3] = {true, false, true};
    constexpr word packed = [] {
        word w = 0;
        pack(flags, 3, &w);
        return w;
    }();
    static_assert(packed == 5);
    static_assert(count(&packed, 1) == 2);
}

TEST_CASE_TEMPLATE("bits: what belongs to no element is cleared, in every row and plane", S, bit,
                   graded<3>, trit) {
    for (index const n : {1, 63, 64, 65, 128, 130}) {
        CAPTURE(n);
        Extents<dyn, dyn> const shape(2, n);
        std::vector<word> spikes(static_cast<std::size_t>(units<S>(shape)), ~word{0});
        clear_unused<S>(shape, spikes.data());
        CHECK(count(spikes.data(), std::ssize(spikes)) == 2 * n * Element<S>::planes);
        word const* const second = spikes.data() + Element<S>::row_units(n);
        CHECK(Element<S>::at(second, n - 1) == Element<S>::at(second, 0));
    }
}

}  // namespace
}  // namespace spikelet::test::bits_test
