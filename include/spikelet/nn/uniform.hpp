// SPDX-License-Identifier: MIT
// First values of a matrix that nothing else is known about.
#pragma once

#include <cmath>

#include <spikelet/autodiff/parameter.hpp>
#include <spikelet/core/rng.hpp>

namespace spikelet {

/// Uniform in +-1/sqrt(rows), which for [in, out] is what PyTorch's Linear starts with; rows are
/// the first extent. Gives the parameter memory. Throws Error if it is bound to constant numbers.
template <class T, index Rows, index... Es>
void init_uniform(BasicParameter<T, Rows, Es...>& matrix, Rng& rng) {
    static_assert(sizeof...(Es) > 0, "init_uniform: a matrix has two axes or more");
    double const bound = 1.0 / std::sqrt(static_cast<double>(matrix.extents()[0]));
    for (T& w : matrix.writable()) { w = static_cast<T>(bound * (2 * rng.uniform() - 1)); }
}

}  // namespace spikelet
