// SPDX-License-Identifier: MIT
#include <spikelet/kernels/grouped_product.hpp>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test {
namespace {

using kernels::ProductSize;
using kernels::Start;

template <kernels::Form form, class Policy, class T>
std::vector<T> product(Policy policy, ProductSize n, RandomSpikes<T> const& s,
                       std::vector<T> const& right, Start start, std::vector<T> result) {
    kernels::SpikeRows const spikes{s.packed.data(), Element<bit>::row_units(n.depth)};
    auto const bytes = kernels::GroupedProduct<T, Policy, form>::workspace(n);
    std::vector<std::uint64_t> workspace(static_cast<std::size_t>(bytes / 8 + 1), ~0ULL);
    kernels::GroupedProduct<T, Policy, form>::run(policy, n, spikes, right.data(), start,
                                                  result.data(), workspace.data());
    return result;
}

TEST_CASE_TEMPLATE("grouped_product: looks up sums of groups, those that fired or all", T, float,
                   double) {
    for (ProductSize const n :
         {ProductSize{0, 5, 5}, ProductSize{5, 0, 5}, ProductSize{5, 5, 0}, ProductSize{1, 1, 1},
          ProductSize{3, 63, 31}, ProductSize{9, 65, 33}, ProductSize{70, 130, 17},
          ProductSize{37, 390, 129}, ProductSize{5, 260, 1100}}) {
        for (double const density : {0.0, 0.05, 0.4, 1.0}) {
            RandomSpikes<T> const s(n.rows, n.depth, density, 1);
            auto const right = random_numbers<T>(n.depth * n.columns, 2);
            auto start = random_numbers<T>(n.rows * n.columns, 3);
            for (std::size_t i = 0; i < start.size(); i += 3) { start[i] = -T(0); }
            std::vector<T> const zeros(start.size());
            auto const added = in_groups(n, s.numbers, right, start);
            auto const alone = in_groups(n, s.numbers, right, zeros);
            for (int const threads : {1, 3}) {
                OpenMp<> const policy{threads};
                auto const fired = [&](Start from) {
                    return product<kernels::Form::fired>(policy, n, s, right, from, start);
                };
                auto const all = [&](Start from) {
                    return product<kernels::Form::all>(policy, n, s, right, from, start);
                };
                CHECK(same_bits(fired(Start::result), added));
                CHECK(same_bits(fired(Start::zero), alone));
                CHECK(same_bits(all(Start::result), added));
                CHECK(same_bits(all(Start::zero), alone));
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test
