// SPDX-License-Identifier: MIT
#include <spikelet/kernels/sampled_product.hpp>

#include <limits>

#include <kernels/matmul_support.hpp>

namespace spikelet::test::sampled_product_test {
namespace {

using kernels::MatmulSize;
using kernels::SampledProduct;

/// Whether dx has the bits of `active` where x is not 0, and of `silent` elsewhere.
template <class T>
bool split_by(std::vector<T> const& x, std::vector<T> const& dx, std::vector<T> const& active,
              std::vector<T> const& silent) {
    std::vector<T> expected = silent;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (x[i] != T(0)) { expected[i] = active[i]; }
    }
    return same_bits(dx, expected);
}

/// The factors of one product, and what dx holds before.
template <class T>
struct Factors {
    MatmulSize n;
    std::vector<T> dy = random_numbers<T>(n.rows * n.outputs, 1);
    std::vector<T> w = random_numbers<T>(n.inputs * n.outputs, 2);
    std::vector<T> old = random_numbers<T>(n.rows * n.inputs, 3);

    /// dx where x is not 0, of rows [first, last).
    template <class Policy = Serial<>>
    std::vector<T> dx(std::vector<T> const& x, bool fresh = false, Policy policy = {},
                      index first = 0, index last = -1) const {
        using Product = SampledProduct<T, Policy>;
        index const rows = (last < 0 ? n.rows : last) - first;
        std::vector<T> workspace(
            static_cast<std::size_t>(Product::workspace(rows, n.inputs)) / sizeof(T) + 1, T(77));
        std::vector<T> result(old.begin() + first * n.inputs,
                              old.begin() + (first + rows) * n.inputs);
        Product::run(policy, rows, n.inputs, n.outputs, dy.data() + first * n.outputs, w.data(),
                     x.data() + first * n.inputs, {result.data(), fresh},
                     reinterpret_cast<std::byte*>(workspace.data()));
        return result;
    }
};

template <class F>
void each_size(F&& f) {
    for (MatmulSize const n : {MatmulSize{1, 1, 1},
                               {3, 130, 64},
                               {65, 17, 31},
                               {64, 128, 128},
                               {100, 300, 70},
                               {1100, 33, 65},
                               {70, 257, 200}}) {
        CAPTURE(n.rows);
        f(n);
    }
}

TEST_CASE_TEMPLATE("sampled_product: the naive gradient where x is not 0, nothing elsewhere", T,
                   float, double) {
    each_size([](MatmulSize n) {
        Factors<T> const factors{n};
        auto const wt = reference::transposed(as_double(factors.w), n.inputs, n.outputs);
        auto const sums =
            reference::product(as_double(factors.dy), wt, n.rows, n.outputs, n.inputs);
        for (int const percent : {0, 5, 40, 100}) {
            auto const x = numbers_and_zeros<T>(n.rows * n.inputs, percent, 4);
            auto expected = as_double(factors.old);
            for (std::size_t i = 0; i < x.size(); ++i) {
                if (x[i] != T(0)) { expected[i] += sums[i]; }
            }
            auto const dx = factors.dx(x);
            CHECK(worst_error(dx, expected, n.outputs) < 1);
            CHECK(split_by(x, dx, dx, factors.old));
        }
    });
}

TEST_CASE_TEMPLATE("sampled_product: the same bits whatever else is 0", T, float, double) {
    each_size([](MatmulSize n) {
        Factors<T> const factors{n};
        std::vector<T> const ones(static_cast<std::size_t>(n.rows * n.inputs), T(1));
        auto const all = factors.dx(ones);
        for (int const percent : {5, 40}) {
            auto const x = numbers_and_zeros<T>(n.rows * n.inputs, percent, 4);
            CHECK(split_by(x, factors.dx(x), all, factors.old));
        }
    });
}

TEST_CASE_TEMPLATE("sampled_product: the same bits for any threads and row by row", T, float,
                   double) {
    each_size([](MatmulSize n) {
        Factors<T> const factors{n};
        auto const x = numbers_and_zeros<T>(n.rows * n.inputs, 30, 4);
        auto const dx = factors.dx(x);
        for (int const threads : {2, 3}) {
            CHECK(same_bits(factors.dx(x, false, OpenMp<>{threads}), dx));
        }
        index const middle = n.rows / 2;
        auto parts = factors.dx(x, false, Serial<>{}, 0, middle);
        auto const rest = factors.dx(x, false, Serial<>{}, middle, n.rows);
        parts.insert(parts.end(), rest.begin(), rest.end());
        CHECK(same_bits(parts, dx));
    });
}

TEST_CASE("sampled_product: fresh memory is like zeros, and every number is written") {
    for (index const outputs : {0, 70}) {
        Factors<float> factors{{70, 200, outputs}};
        auto const x = numbers_and_zeros<float>(70 * 200, 30, 4);
        factors.old.assign(factors.old.size(), std::numeric_limits<float>::quiet_NaN());
        auto const fresh = factors.dx(x, true);
        factors.old.assign(factors.old.size(), 0.0F);
        CHECK(same_bits(fresh, factors.dx(x)));
        CHECK((outputs > 0 || fresh == factors.old));
    }
}

TEST_CASE("sampled_product: infinite weights of what is 0 do no harm") {
    Factors<float> factors{{40, 3, 70}};
    std::fill_n(factors.w.begin() + 70, 70, std::numeric_limits<float>::infinity());
    std::vector<float> x(120, 1.0F);
    for (std::size_t i = 1; i < x.size(); i += 3) { x[i] = 0; }
    for (float const number : factors.dx(x)) { CHECK(std::isfinite(number)); }
}

}  // namespace
}  // namespace spikelet::test::sampled_product_test
