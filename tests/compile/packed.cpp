// SPDX-License-Identifier: MIT
//
// A further packed element is one specialisation: numbers from 0 to 3, as two planes of bits.
#include <array>
#include <type_traits>
#include <utility>

#include <spikelet/autodiff/dry_run.hpp>
#include <spikelet/core/view.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

namespace test {
struct Few {};
}  // namespace test

template <>
struct Element<test::Few> {
    using storage = word;
    static constexpr bool packed = true;
    static constexpr index row_units(index elements) {
        return 2 * Element<bit>::row_units(elements);
    }
    static constexpr int at(word const* row, index i) {
        word const* const planes = row + 2 * (i / bits_per_word);
        index const place = i % bits_per_word;
        return (Element<bit>::at(planes, place) ? 1 : 0) +
               (Element<bit>::at(planes + 1, place) ? 2 : 0);
    }
};

namespace test {

constexpr std::array<word, 8> planes{1, 3, 0, 2, 0, 0, 2, 2};
constexpr View<Few const, 2, 66> numbers(planes.data(), {});
static_assert(units<Few>(numbers.extents()) == 8);
static_assert(numbers(0, 0) == 3);
static_assert(numbers(0, 1) == 2);
static_assert(numbers(0, 65) == 2);
static_assert(numbers(1, 1) == 0);
static_assert(numbers(1, 65) == 3);

// Ops that take spikes take it as it is, those that take numbers refuse it.
using Value = Var<DryRun<>, Few, Extents<1, 2, 66>>;
static_assert(std::is_same_v<decltype(checked_operand(std::declval<Value>())), Value>);

static_assert(Element<bit>::packed);
static_assert(!Element<float>::packed);

}  // namespace test
}  // namespace spikelet
