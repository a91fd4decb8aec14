// SPDX-License-Identifier: MIT
#include <spikelet/kernels/active_lists.hpp>

#include <limits>

#include <kernels/matmul_support.hpp>

namespace spikelet::test::active_lists_test {
namespace {

using kernels::ActiveLists;
using kernels::Block;
using kernels::Factor;

/// Where a row is not 0, and what it is there.
template <class T>
struct Listed {
    std::vector<index> places;
    std::vector<T> numbers;

    bool operator==(Listed const&) const = default;
};

constexpr index deepest = 192;

/// The lists of a block of a factor, made in two pieces.
template <class T>
std::vector<Listed<T>> lists_of(Factor<T> factor, Block block) {
    using Lists = ActiveLists<T, Serial<>, deepest, true>;
    std::vector<T> memory(
        static_cast<std::size_t>(Lists::bytes(block.rows, block.columns)) / sizeof(T) + 1, 77);
    Lists const lists(reinterpret_cast<std::byte*>(memory.data()), block.rows, block.columns);
    index const chunks = Lists::chunks(block.rows);
    lists.list(factor, block, chunks / 2, chunks);
    lists.list(factor, block, 0, chunks / 2);
    std::vector<Listed<T>> all;
    for (index r = 0; r < block.rows; ++r) {
        auto const row = lists.row(r);
        auto const* const places = lists.places_at(row.begin);
        auto const* const numbers = lists.numbers_at(row.begin);
        all.push_back({{places, places + row.count}, {numbers, numbers + row.count}});
        REQUIRE(row.begin % Lists::group == 0);
        auto const* const end = places + row.groups() * Lists::group;
        REQUIRE(std::all_of(places, end, [&](index place) { return place < block.columns; }));
    }
    return all;
}

template <class T>
std::vector<Listed<T>> naive_lists(Factor<T> factor, Block block) {
    std::vector<Listed<T>> all(static_cast<std::size_t>(block.rows));
    for (index r = 0; r < block.rows; ++r) {
        auto& row = all[static_cast<std::size_t>(r)];
        for (index c = 0; c < block.columns; ++c) {
            T const number = *factor.at(block.row + r, block.column + c);
            if (number != T(0)) {
                row.places.push_back(c);
                row.numbers.push_back(number);
            }
        }
    }
    return all;
}

TEST_CASE_TEMPLATE("active_lists: what is not 0, ascending, however the factor is stored", T, float,
                   double) {
    for (index const rows : {1, 3, 64, 65, 150}) {
        for (index const depth : {index{1}, index{7}, index{63}, index{64}, deepest}) {
            for (int const percent : {0, 5, 40, 100}) {
                index const size = (rows + 2) * (depth + 5);
                auto const x = numbers_and_zeros<T>(size, percent, 1);
                Block const block{2, 5, rows, depth};
                kernels::ByRows<T> const by_rows{x.data(), depth + 5};
                CHECK(lists_of<T>(by_rows, block) == naive_lists<T>(by_rows, block));
                kernels::ByColumns<T> const by_columns{x.data(), rows + 2};
                CHECK(lists_of<T>(by_columns, block) == naive_lists<T>(by_columns, block));
            }
        }
    }
}

TEST_CASE("active_lists: -0 is 0, what is no number is not") {
    std::vector<float> x(40);
    x[3] = -0.0F;
    x[5] = std::numeric_limits<float>::quiet_NaN();
    x[39] = -std::numeric_limits<float>::denorm_min();
    kernels::ByRows<float> const factor{x.data(), 40};
    auto const lists = lists_of<float>(factor, {0, 0, 1, 40});
    CHECK(lists[0].places == std::vector<index>{5, 39});
}

TEST_CASE_TEMPLATE("active_lists: numbers that are not 0 are counted", T, float, double) {
    for (index const n : {0, 1, 17, 64, 200}) {
        auto const x = numbers_and_zeros<T>(n, 30, 1);
        CHECK(ActiveLists<T, Serial<>, deepest, false>::count_active(x.data(), n) ==
              n - std::count(x.begin(), x.end(), T(0)));
    }
}

}  // namespace
}  // namespace spikelet::test::active_lists_test
