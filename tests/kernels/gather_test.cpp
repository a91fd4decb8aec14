// SPDX-License-Identifier: MIT
#include <spikelet/kernels/gather.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::gather_test {
namespace {

constexpr index V = 5;

std::vector<std::int32_t> random_ids(index n) {
    Rng rng(4);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(n));
    for (auto& id : ids) { id = static_cast<std::int32_t>(rng.below(V)); }
    return ids;
}

template <class T>
std::vector<T> gathered(std::vector<std::int32_t> const& ids, index C,
                        std::vector<T> const& table) {
    auto const rows = static_cast<index>(ids.size());
    std::vector<T> y(static_cast<std::size_t>(rows * C), T(99));
    kernels::Gather<Serial<>>::forward({}, rows, C, ids.data(), table.data(), y.data());
    return y;
}

TEST_CASE_TEMPLATE("gather: row r is the table's row ids[r]", T, float, double) {
    each_odd_matrix([](index rows, index C) {
        auto const ids = random_ids(rows);
        auto const table = random_numbers<T>(V * C, 1);
        auto const y = gathered(ids, C, table);
        for (index r = 0; r < rows; ++r) {
            auto const* const expected = table.data() + ids[static_cast<std::size_t>(r)] * C;
            CHECK(std::equal(expected, expected + C, y.data() + r * C));
        }
    });
}

TEST_CASE_TEMPLATE("gather: the gradient equals finite differences; rows of one id add up", T,
                   float, double) {
    each_odd_matrix([](index rows, index C) {
        auto const ids = random_ids(rows);
        auto const dy = random_numbers<T>(rows * C, 1);
        auto dtable = random_numbers<T>(V * C, 2);
        auto table = random_numbers<double>(V * C, 3);
        auto const w = as_double(dy);
        auto const loss = [&] { return dot(w, gathered(ids, C, table)); };
        auto const expected = plus(as_double(dtable), slopes(loss, table.data(), V * C));
        kernels::Gather<Serial<>>::backward({}, rows, C, ids.data(), dy.data(), dtable.data());
        CHECK(roundings(dtable, expected) < difference_roundings<T>);
    });
}

TEST_CASE("gather: same bits for one and several threads") {
    auto const ids = random_ids(1000);
    auto const dy = random_numbers<float>(1000 * 130, 1);
    check_threads([&]<class Policy>(Policy policy) {
        auto dtable = random_numbers<float>(V * 130, 2);
        kernels::Gather<Policy>::backward(policy, 1000, 130, ids.data(), dy.data(), dtable.data());
        std::vector<float> y(dy.size());
        kernels::Gather<Policy>::forward(policy, 1000, 130, ids.data(), dtable.data(), y.data());
        return bits_of(dtable, y);
    });
}

}  // namespace
}  // namespace spikelet::test::gather_test
