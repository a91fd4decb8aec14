// SPDX-License-Identifier: MIT
#include <spikelet/kernels/panel_product.hpp>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test::panel_product_test {
namespace {

using kernels::PanelProduct;
using kernels::ProductSize;
using kernels::Start;

template <class Policy, class T>
std::vector<T> product(Policy policy, ProductSize n, index inputs, RandomSpikes<T> const& s,
                       std::vector<T> const& right, Start start, std::vector<T> result) {
    using Product = PanelProduct<T, Policy>;
    kernels::SpikeRows const spikes{s.packed.data(), Element<bit>::row_units(n.depth)};
    std::vector<word> workspace(static_cast<std::size_t>(Product::workspace(n) / 8 + 1), ~0ULL);
    Product::run(policy, n, inputs, spikes, right.data(), start, result.data(), workspace.data());
    return result;
}

template <class T>
void compare(ProductSize n, double density) {
    RandomSpikes<T> const s(n.rows, n.depth, density, 1);
    auto const right = random_numbers<T>(n.depth * n.columns, 2);
    auto start = random_numbers<T>(n.rows * n.columns, 3);
    for (std::size_t i = 0; i < start.size(); i += 3) { start[i] = -T(0); }
    std::vector<T> const zeros(start.size());
    auto const added = in_groups(n, s.numbers, right, start);
    auto const alone = in_groups(n, s.numbers, right, zeros);
    for (index const inputs : {64, 128, 256}) {
        for (int const threads : {1, 3}) {
            OpenMp<> const policy{threads};
            CHECK(same_bits(product(policy, n, inputs, s, right, Start::result, start), added));
            CHECK(same_bits(product(policy, n, inputs, s, right, Start::zero, start), alone));
        }
    }
}

TEST_CASE_TEMPLATE("panel_product: adds the rows of inputs that fired, groups of four summed first",
                   T, float, double) {
    for (ProductSize const n :
         {ProductSize{0, 5, 5}, ProductSize{5, 0, 5}, ProductSize{5, 5, 0}, ProductSize{1, 1, 1},
          ProductSize{3, 63, 31}, ProductSize{9, 65, 33}, ProductSize{70, 130, 17},
          ProductSize{37, 390, 129}, ProductSize{5, 260, 1100}}) {
        for (double const density : {0.0, 0.05, 0.4, 1.0}) { compare<T>(n, density); }
    }
}

TEST_CASE("panel_product: every sum that a group can have") {
    compare<float>({300, 256, 70}, 0.5);
    compare<double>({300, 511, 40}, 0.5);
}

}  // namespace
}  // namespace spikelet::test::panel_product_test
