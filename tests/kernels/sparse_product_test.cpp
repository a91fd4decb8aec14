// SPDX-License-Identifier: MIT
#include <spikelet/kernels/sparse_product.hpp>

#include <limits>

#include <kernels/matmul_support.hpp>

namespace spikelet::test::sparse_product_test {
namespace {

using kernels::BlockedProduct;
using kernels::ByColumns;
using kernels::ByRows;
using kernels::Factor;
using kernels::ProductSize;
using kernels::SparseProduct;
using kernels::Start;

template <class T, class Policy>
std::vector<T> sparse(Policy policy, ProductSize n, Factor<T> left, std::vector<T> const& right,
                      Start start, std::vector<T> result, index table_depth = 64) {
    using Product = SparseProduct<T, Policy>;
    std::vector<T> workspace(static_cast<std::size_t>(Product::workspace(n)) / sizeof(T) + 1, 77);
    Product::run(policy, n, table_depth, left, right.data(), start, result.data(),
                 reinterpret_cast<std::byte*>(workspace.data()));
    return result;
}

template <class T>
std::vector<T> dense(ProductSize n, Factor<T> left, std::vector<T> const& right, Start start,
                     std::vector<T> result) {
    using Product = BlockedProduct<T, Serial<>>;
    std::vector<T> workspace(static_cast<std::size_t>(Product::workspace(n)), 77);
    Product::run({}, n, left, ByRows<T>(right.data(), n.columns), start, result.data(),
                 workspace.data());
    return result;
}

TEST_CASE_TEMPLATE("sparse_product: the bits of the product with all terms", T, float, double) {
    for (ProductSize const n : {ProductSize{1, 1, 1},
                                {33, 17, 65},
                                {64, 128, 64},
                                {70, 300, 200},
                                {1100, 130, 31},
                                {65, 257, 129},
                                {64, 513, 65},
                                {130, 600, 65}}) {
        for (int const percent : {0, 5, 40, 100}) {
            CAPTURE(n.rows);
            CAPTURE(percent);
            auto const x = numbers_and_zeros<T>(n.rows * n.depth, percent, 1);
            auto const right = random_numbers<T>(n.depth * n.columns, 2);
            auto const old = random_numbers<T>(n.rows * n.columns, 3);
            for (Factor<T> const left : {Factor<T>(ByRows<T>(x.data(), n.depth)),
                                         Factor<T>(ByColumns<T>(x.data(), n.rows))}) {
                for (Start const start : {Start::zero, Start::result}) {
                    auto const expected = dense(n, left, right, start, old);
                    for (index const depth : {64, 256, 512}) {
                        CHECK(same_bits(sparse(Serial<>{}, n, left, right, start, old, depth),
                                        expected));
                    }
                    for (int const threads : {2, 3, 40}) {
                        OpenMp<> const policy{threads};
                        CHECK(same_bits(sparse(policy, n, left, right, start, old), expected));
                    }
                }
            }
        }
    }
}

TEST_CASE_TEMPLATE("sparse_product: equals the naive product", T, float, double) {
    ProductSize const n{70, 300, 90};
    auto const x = numbers_and_zeros<T>(n.rows * n.depth, 30, 1);
    auto const right = random_numbers<T>(n.depth * n.columns, 2);
    std::vector<T> const none(static_cast<std::size_t>(n.rows * n.columns), T(99));
    auto const y = sparse<T>(Serial<>{}, n, ByRows<T>(x.data(), n.depth), right, Start::zero, none);
    CHECK(worst_error(
              y, reference::product(as_double(x), as_double(right), n.rows, n.depth, n.columns),
              n.depth) < 1);
}

TEST_CASE("sparse_product: from zero it does not read the result, not even a NaN") {
    ProductSize const n{40, 9, 70};
    std::vector<float> const zeros(static_cast<std::size_t>(n.rows * n.columns));
    std::vector<float> const nans(zeros.size(), std::numeric_limits<float>::quiet_NaN());
    std::vector<float> const x(static_cast<std::size_t>(n.rows * n.depth));
    std::vector<float> const right(static_cast<std::size_t>(n.depth * n.columns), 1.0F);
    ByRows<float> const left{x.data(), n.depth};
    CHECK(same_bits(sparse<float>(Serial<>{}, n, left, right, Start::zero, nans), zeros));
}

TEST_CASE("sparse_product: no rows, no columns, no depth") {
    std::vector<float> const ones(12, 1.0F);
    ByRows<float> const left{ones.data(), 3};
    auto const product = [&](ProductSize n, Start start, std::vector<float> const& result) {
        return sparse<float>(Serial<>{}, n, left, ones, start, result);
    };
    CHECK(product({0, 3, 4}, Start::zero, {}).empty());
    CHECK(product({4, 3, 0}, Start::zero, {}).empty());
    CHECK(product({3, 0, 4}, Start::zero, ones) == std::vector<float>(12, 0.0F));
    CHECK(product({3, 0, 4}, Start::result, ones) == ones);
}

TEST_CASE("sparse_product: rows of the right factor that only zeros meet are not multiplied") {
    ProductSize const n{40, 3, 70};
    std::vector<float> x(static_cast<std::size_t>(n.rows * n.depth));
    for (std::size_t i = 0; i < x.size(); i += 3) { x[i] = 2; }
    std::vector<float> right(static_cast<std::size_t>(n.depth * n.columns),
                             std::numeric_limits<float>::infinity());
    std::fill_n(right.begin(), n.columns, 3.0F);
    std::vector<float> const zeros(static_cast<std::size_t>(n.rows * n.columns));
    ByRows<float> const left{x.data(), n.depth};
    CHECK(sparse<float>(Serial<>{}, n, left, right, Start::zero, zeros) ==
          std::vector<float>(zeros.size(), 6.0F));
}

TEST_CASE("sparse_product: pays below half, less often for few rows or columns") {
    using Product = SparseProduct<float, Serial<>>;
    CHECK(Product::pays({1024, 2048, 512}, 50));
    CHECK_FALSE(Product::pays({1024, 2048, 512}, 56));
    CHECK_FALSE(Product::pays({32, 2048, 512}, 50));
    CHECK_FALSE(Product::pays({1024, 2048, 16}, 5));
    CHECK_FALSE(Product::pays({1024, 2048, 0}, 0));
    CHECK_FALSE(Product::pays({0, 2048, 512}, 0));
}

TEST_CASE("sparse_product: the fewer numbers, the deeper the tables") {
    using Product = SparseProduct<float, Serial<>>;
    CHECK(Product::depth_for({1024, 2048, 512}, 2) == 512);
    CHECK(Product::depth_for({1024, 2048, 512}, 10) == 256);
    CHECK(Product::depth_for({1024, 2048, 512}, 30) > 0);
    CHECK(Product::depth_for({1024, 2048, 512}, 30) <= 256);
    CHECK(Product::depth_for({1024, 2048, 512}, 60) == 0);
}

TEST_CASE("sparse_product: every 16th row says how many numbers are not 0") {
    std::vector<float> x(40 * 10);
    std::fill_n(x.begin() + 16 * 10, 10, 1.0F);
    std::fill_n(x.begin() + 32 * 10, 5, 1.0F);
    std::fill_n(x.begin() + 3 * 10, 10, 1.0F);
    CHECK(SparseProduct<float, Serial<>>::percent_active(40, 10, x.data()) == 50);
    CHECK(SparseProduct<float, Serial<>>::percent_active(40, 0, x.data()) == 0);
}

}  // namespace
}  // namespace spikelet::test::sparse_product_test
