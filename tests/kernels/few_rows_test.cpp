// SPDX-License-Identifier: MIT
// The numbers are tested through Matmul; here, that the two forms of a product agree.
#include <spikelet/kernels/few_rows.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/kernels/blocked_product.hpp>

#include <support/numbers.hpp>

namespace spikelet::test::few_rows_test {
namespace {

using kernels::ByColumns;
using kernels::ByRows;
using kernels::Start;

/// left right with the other kernel.
template <class T, class Left, class Right>
std::vector<T> blocked(kernels::ProductSize n, Left left, Right right, Start start,
                       std::vector<T> result) {
    using Product = kernels::BlockedProduct<T, Serial<>>;
    std::vector<T> workspace(static_cast<std::size_t>(Product::workspace(n)));
    Product::run({}, n, left, right, start, result.data(), workspace.data());
    return result;
}

TEST_CASE_TEMPLATE("few_rows: the bits of the blocked product, for any number of rows", T, float,
                   double) {
    using Few = kernels::FewRows<T, Serial<>>;
    for (index const rows : {1, 2, 9, 40}) {
        for (index const in : {1, 17, 70}) {
            for (index const out : {1, 16, 35, 300}) {
                auto const x = random_numbers<T>(rows * in, 1);
                auto const w = random_numbers<T>(in * out, 2);
                auto const dy = random_numbers<T>(rows * out, 3);
                std::vector<T> y(dy.size(), T(99));
                Few::forward({}, rows, in, out, x.data(), w.data(), y.data());
                CHECK(same_bits(y, blocked({rows, in, out}, ByRows<T>{x.data(), in},
                                           ByRows<T>{w.data(), out}, Start::zero, y)));
                auto dx = x;
                Few::backward_input({}, rows, in, out, dy.data(), w.data(), dx.data());
                CHECK(same_bits(dx, blocked({rows, out, in}, ByRows<T>{dy.data(), out},
                                            ByColumns<T>{w.data(), out}, Start::result, x)));
                auto dw = w;
                Few::backward_weight({}, rows, in, out, x.data(), dy.data(), dw.data());
                CHECK(same_bits(dw, blocked({in, rows, out}, ByColumns<T>{x.data(), in},
                                            ByRows<T>{dy.data(), out}, Start::result, w)));
            }
        }
    }
}

TEST_CASE("few_rows: no row, no input, no output") {
    using Few = kernels::FewRows<float, Serial<>>;
    std::vector<float> const x(6, 1.0F);
    std::vector<float> y(6, 99.0F);
    Few::forward({}, 0, 2, 3, x.data(), x.data(), y.data());
    Few::forward({}, 2, 3, 0, x.data(), x.data(), y.data());
    CHECK(y == std::vector<float>(6, 99.0F));
    Few::forward({}, 2, 0, 3, x.data(), x.data(), y.data());
    CHECK(y == std::vector<float>(6, 0.0F));
}

}  // namespace
}  // namespace spikelet::test::few_rows_test
