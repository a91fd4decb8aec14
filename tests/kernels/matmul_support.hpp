// SPDX-License-Identifier: MIT
//
// Products in vectors, numbers for them, and their comparison, for the tests of matrix products.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/kernels/matmul.hpp>

#include <support/numbers.hpp>
#include <support/reference.hpp>

namespace spikelet::test {

/// Standard normal numbers, of which about so many of a hundred are not 0.
template <class T>
std::vector<T> numbers_and_zeros(index n, int percent, std::uint64_t seed) {
    auto numbers = random_numbers<T>(n, seed);
    Rng rng(seed + 1);
    for (T& number : numbers) { number = static_cast<int>(rng.below(100)) < percent ? number : 0; }
    return numbers;
}

/// The largest |a - b|, in units of what a sum of `terms` products of about 1 may lose.
template <class T>
double worst_error(std::vector<T> const& a, std::vector<double> const& b, index terms) {
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(a[i]) - b[i]));
    }
    double const rounding = static_cast<double>(std::numeric_limits<T>::epsilon());
    return worst / (rounding * (8 + 4 * static_cast<double>(terms)));
}

/// Three products of one linear map, in vectors.
template <class Policy, class T, class Kernel = kernels::Matmul<Policy>>
struct DenseProducts {
    Policy policy;
    kernels::MatmulSize size;
    std::vector<T> scratch =
        std::vector<T>(static_cast<std::size_t>(Kernel::workspace(size)), T(77));

    std::vector<T> forward(std::vector<T> const& x, std::vector<T> const& w) {
        std::vector<T> y(static_cast<std::size_t>(size.rows * size.outputs), T(99));
        Kernel::forward(policy, size, x.data(), w.data(), y.data(), scratch.data());
        return y;
    }
    std::vector<T> backward_input(std::vector<T> const& dy, std::vector<T> const& w,
                                  std::vector<T> dx) {
        Kernel::backward_input(policy, size, dy.data(), w.data(), dx.data(), scratch.data());
        return dx;
    }
    /// Where no gradient is there yet, only memory.
    std::vector<T> first_backward_input(std::vector<T> const& dy, std::vector<T> const& w) {
        std::vector<T> dx(static_cast<std::size_t>(size.rows * size.inputs),
                          std::numeric_limits<T>::quiet_NaN());
        Kernel::backward_input(policy, size, dy.data(), w.data(), {dx.data(), true},
                               scratch.data());
        return dx;
    }
    std::vector<T> backward_weight(std::vector<T> const& x, std::vector<T> const& dy,
                                   std::vector<T> dw) {
        Kernel::backward_weight(policy, size, x.data(), dy.data(), dw.data(), scratch.data());
        return dw;
    }
};

/// Whether a first gradient has the bits of one that is added to zeros, also of no outputs.
template <class Policy, class T, class Kernel>
void check_first_gradient(DenseProducts<Policy, T, Kernel> products) {
    kernels::MatmulSize const n = products.size;
    auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
    auto const dy = random_numbers<T>(n.rows * n.outputs, 3);
    std::vector<T> const zeros(static_cast<std::size_t>(n.rows * n.inputs));
    CHECK(same_bits(products.first_backward_input(dy, w), products.backward_input(dy, w, zeros)));
}

/// Checks all three products of random factors against naive ones of what `seen` makes of these.
template <class Policy, class T, class Kernel, class Seen = std::identity>
void compare_with_naive(DenseProducts<Policy, T, Kernel> products, Seen seen = {}) {
    kernels::MatmulSize const n = products.size;
    CAPTURE(n.rows);
    CAPTURE(n.inputs);
    CAPTURE(n.outputs);
    auto const x = random_numbers<T>(n.rows * n.inputs, 1);
    auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
    auto const dy = random_numbers<T>(n.rows * n.outputs, 3);
    auto const dx = random_numbers<T>(n.rows * n.inputs, 4);
    auto const dw = random_numbers<T>(n.inputs * n.outputs, 5);
    auto const xd = as_double(seen(x));
    auto const wd = as_double(seen(w));
    auto const dyd = as_double(seen(dy));
    auto const plus = [](std::vector<double> a, std::vector<double> const& b) {
        std::transform(a.begin(), a.end(), b.begin(), a.begin(), std::plus<>{});
        return a;
    };
    CHECK(worst_error(products.forward(x, w),
                      reference::product(xd, wd, n.rows, n.inputs, n.outputs), n.inputs) < 1);
    auto const wt = reference::transposed(wd, n.inputs, n.outputs);
    CHECK(worst_error(products.backward_input(dy, w, dx),
                      plus(as_double(dx), reference::product(dyd, wt, n.rows, n.outputs, n.inputs)),
                      n.outputs) < 1);
    CHECK(worst_error(products.first_backward_input(dy, w),
                      reference::product(dyd, wt, n.rows, n.outputs, n.inputs), n.outputs) < 1);
    auto const xt = reference::transposed(xd, n.rows, n.inputs);
    CHECK(worst_error(products.backward_weight(x, dy, dw),
                      plus(as_double(dw), reference::product(xt, dyd, n.inputs, n.rows, n.outputs)),
                      n.rows) < 1);
}

/// Calls f(size) for sizes around the edges of vectors, tiles and blocks.
template <class F>
void each_odd_size(F&& f) {
    for (index const odd : {1, 15, 16, 17, 63, 64, 65, 100, 130}) {
        f(kernels::MatmulSize{odd, odd, odd});
        for (index const other : {5, 65}) {
            f(kernels::MatmulSize{odd, other, 70 - other});
            f(kernels::MatmulSize{70 - other, odd, other});
            f(kernels::MatmulSize{other, 70 - other, odd});
        }
    }
    f(kernels::MatmulSize{33, 300, 31});
    f(kernels::MatmulSize{130, 520, 1100});
    f(kernels::MatmulSize{40, 1100, 70});
    f(kernels::MatmulSize{3, 1100, 2100});
}

}  // namespace spikelet::test
