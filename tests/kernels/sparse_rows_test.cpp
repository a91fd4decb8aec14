// SPDX-License-Identifier: MIT
#include <spikelet/kernels/sparse_rows.hpp>

#include <doctest/doctest.h>

#include <kernels/matmul_support.hpp>

namespace spikelet::test::sparse_rows_test {
namespace {

using kernels::MatmulSize;
using kernels::SparseRows;

template <class T, class Policy>
std::vector<T> sparse(Policy policy, MatmulSize n, std::vector<T> const& x,
                      std::vector<T> const& w) {
    std::vector<T> y(static_cast<std::size_t>(n.rows * n.outputs), T(99));
    SparseRows<T, Policy>::forward(policy, n.rows, n.inputs, n.outputs,
                                   kernels::ByRows<T>(x.data(), n.inputs), w.data(), y.data());
    return y;
}

TEST_CASE_TEMPLATE("sparse_rows: the bits of the product with all terms", T, float, double) {
    for (index const rows : {1, 2, 7, 31}) {
        for (index const size : {1, 15, 16, 17, 63, 64, 65, 700}) {
            for (index const outputs : {size, index{300}}) {
                for (int const percent : {0, 5, 40, 100}) {
                    MatmulSize const n{rows, size, outputs};
                    auto const x = numbers_and_zeros<T>(rows * size, percent, 1);
                    auto const w = random_numbers<T>(size * outputs, 2);
                    std::vector<T> expected(static_cast<std::size_t>(rows * outputs));
                    kernels::FewRows<T, Serial<>>::forward({}, rows, size, outputs, x.data(),
                                                           w.data(), expected.data());
                    CHECK(same_bits(sparse(Serial<>{}, n, x, w), expected));
                    CHECK(same_bits(sparse(OpenMp<>{3}, n, x, w), expected));
                }
            }
        }
    }
}

TEST_CASE("sparse_rows: same bits for several threads") {
    MatmulSize const n{5, 1500, 3000};
    auto const x = numbers_and_zeros<float>(n.rows * n.inputs, 30, 1);
    auto const w = random_numbers<float>(n.inputs * n.outputs, 2);
    auto const y = sparse(Serial<>{}, n, x, w);
    for (int const threads : {2, 3}) { CHECK(same_bits(sparse(OpenMp<>{threads}, n, x, w), y)); }
}

TEST_CASE("sparse_rows: no inputs and no outputs") {
    CHECK(sparse<float>(Serial<>{}, {2, 0, 3}, {}, {}) == std::vector<float>(6, 0.0F));
    CHECK(sparse<float>(Serial<>{}, {2, 3, 0}, std::vector<float>(6, 1.0F), {}).empty());
}

TEST_CASE("sparse_rows: a product whose inputs are mostly 0 does not read their weights") {
    using Matmul = kernels::Matmul<Serial<>>;
    MatmulSize const n{1, 100, 40};
    std::vector<float> x(100);
    x[3] = 2;
    x[70] = -1;
    std::vector<float> w(4000, std::numeric_limits<float>::infinity());
    std::fill_n(w.begin() + 3 * 40, 40, 5.0F);
    std::fill_n(w.begin() + 70 * 40, 40, 1.0F);
    std::vector<float> y(40);
    Matmul::forward(Serial<>{}, n, x.data(), w.data(), y.data(), static_cast<float*>(nullptr));
    CHECK(y == std::vector<float>(40, 9.0F));
}

TEST_CASE("sparse_rows: one row pays from two thirds of zeros on, several from seven eighths") {
    auto const pays = [](index rows, index numbers) {
        std::vector<float> x(240);
        std::fill_n(x.begin(), numbers, 1.0F);
        return SparseRows<float, Serial<>>::pays(rows, 240 / rows, x.data());
    };
    CHECK(pays(1, 80));
    CHECK_FALSE(pays(1, 81));
    CHECK(pays(4, 30));
    CHECK_FALSE(pays(4, 31));
}

}  // namespace
}  // namespace spikelet::test::sparse_rows_test
