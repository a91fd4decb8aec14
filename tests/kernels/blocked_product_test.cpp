// SPDX-License-Identifier: MIT
// The numbers are tested through Matmul; here, what only this kernel promises.
#include <spikelet/kernels/blocked_product.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <support/numbers.hpp>

namespace spikelet::test::blocked_product_test {
namespace {

using kernels::ProductSize;
using kernels::Start;

template <class T>
using Product = kernels::BlockedProduct<T, Serial<>>;

template <class T, class Left, class Right>
std::vector<T> product(ProductSize n, Left left, Right right, Start start, std::vector<T> result) {
    std::vector<T> workspace(static_cast<std::size_t>(Product<T>::workspace(n)), T(77));
    Product<T>::run({}, n, left, right, start, result.data(), workspace.data());
    return result;
}

template <class T>
std::vector<T> transposed(std::vector<T> const& x, index rows, index columns) {
    std::vector<T> y(x.size());
    for (index r = 0; r < rows; ++r) {
        for (index c = 0; c < columns; ++c) {
            y[static_cast<std::size_t>(c * rows + r)] =
                x[static_cast<std::size_t>(r * columns + c)];
        }
    }
    return y;
}

TEST_CASE_TEMPLATE("blocked_product: same bits however the factors are stored", T, float, double) {
    for (ProductSize const n : {ProductSize{1, 1, 1}, {13, 300, 33}, {40, 17, 1100}}) {
        auto const a = random_numbers<T>(n.rows * n.depth, 1);
        auto const b = random_numbers<T>(n.depth * n.columns, 2);
        auto const old = random_numbers<T>(n.rows * n.columns, 3);
        auto const at = transposed(a, n.rows, n.depth);
        auto const bt = transposed(b, n.depth, n.columns);
        kernels::ByRows<T> const left{a.data(), n.depth};
        kernels::ByRows<T> const right{b.data(), n.columns};
        auto const y = product(n, left, right, Start::result, old);
        kernels::ByColumns<T> const left_columns{at.data(), n.rows};
        kernels::ByColumns<T> const right_columns{bt.data(), n.depth};
        CHECK(same_bits(y, product(n, left_columns, right, Start::result, old)));
        CHECK(same_bits(y, product(n, left, right_columns, Start::result, old)));
        CHECK(same_bits(y, product(n, left_columns, right_columns, Start::result, old)));
    }
}

TEST_CASE_TEMPLATE("blocked_product: from zero it does not read the result, not even a NaN", T,
                   float, double) {
    ProductSize const n{13, 300, 33};
    auto const a = random_numbers<T>(n.rows * n.depth, 1);
    auto const b = random_numbers<T>(n.depth * n.columns, 2);
    kernels::ByRows<T> const left{a.data(), n.depth};
    kernels::ByRows<T> const right{b.data(), n.columns};
    std::vector<T> const zeros(static_cast<std::size_t>(n.rows * n.columns));
    std::vector<T> const nans(zeros.size(), std::numeric_limits<T>::quiet_NaN());
    CHECK(same_bits(product(n, left, right, Start::zero, nans),
                    product(n, left, right, Start::result, zeros)));
}

TEST_CASE("blocked_product: without depth the sum is zero, or what it was") {
    ProductSize const n{3, 0, 5};
    kernels::ByRows<float> const left{nullptr, 0};
    kernels::ByRows<float> const right{nullptr, 5};
    std::vector<float> const old(15, 2.0F);
    CHECK(product(n, left, right, Start::zero, old) == std::vector<float>(15, 0.0F));
    CHECK(product(n, left, right, Start::result, old) == old);
}

TEST_CASE("blocked_product: without rows or columns nothing is written") {
    kernels::ByRows<float> const none{nullptr, 0};
    CHECK(product(ProductSize{0, 0, 5}, none, none, Start::zero, std::vector<float>{}).empty());
    CHECK(product(ProductSize{5, 0, 0}, none, none, Start::zero, std::vector<float>{}).empty());
}

}  // namespace
}  // namespace spikelet::test::blocked_product_test
