// SPDX-License-Identifier: MIT
//
// Products in vectors, and their comparison, for the tests of matrix products.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <spikelet/kernels/matmul.hpp>

#include <support/numbers.hpp>

namespace spikelet::test {

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
    std::vector<T> backward_weight(std::vector<T> const& x, std::vector<T> const& dy,
                                   std::vector<T> dw) {
        Kernel::backward_weight(policy, size, x.data(), dy.data(), dw.data(), scratch.data());
        return dw;
    }
};

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
