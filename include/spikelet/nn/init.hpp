// SPDX-License-Identifier: MIT
// First values. A layer with init(rng) sets itself; a bare matrix is uniform in +-1/sqrt(rows),
// a bare vector zero.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>

namespace spikelet {

/// Gives every parameter of the model memory and a first value.
template <class Part>
void init(Part& part, Rng& rng) {
    if constexpr (IsParameter<Part>) {
        part.allocate();
        if constexpr (Part::extents_type::rank >= 2) {
            double const bound = 1.0 / std::sqrt(static_cast<double>(part.extents()[0]));
            for (auto& w : part.span()) {
                w = static_cast<typename Part::scalar>(bound * (2 * rng.uniform() - 1));
            }
        }
    } else if constexpr (requires { part.init(rng); }) {
        part.init(rng);
    } else if constexpr (Layer<Part>) {
        Part::each_part(part, [&](std::string_view, auto& member) { init(member, rng); });
    } else if constexpr (requires {
                             part.begin();
                             part.size();
                         }) {
        for (auto& layer : part) { init(layer, rng); }
    } else if constexpr (requires { part.has_value(); }) {
        if (part.has_value()) { init(*part, rng); }
    }
}

namespace detail {

/// Sum of a b in eight running sums, so that compilers can use vectors without reordering.
inline double dot(double const* a, double const* b, index n) {
    double lanes[8]{};
    index k = 0;
    for (; k + 8 <= n; k += 8) {
        for (index i = 0; i < 8; ++i) { lanes[i] += a[k + i] * b[k + i]; }
    }
    double sum = 0;
    for (; k < n; ++k) { sum += a[k] * b[k]; }
    for (double lane : lanes) { sum += lane; }
    return sum;
}

/// Makes n vectors of length m orthonormal, one after another (modified Gram-Schmidt).
inline void orthonormalize(double* q, index n, index m) {
    for (index i = 0; i < n; ++i) {
        double* const a = q + i * m;
        for (index j = 0; j < i; ++j) {
            double const* const b = q + j * m;
            double const along = dot(a, b, m);
            for (index k = 0; k < m; ++k) { a[k] -= along * b[k]; }
        }
        double const scale = 1.0 / std::sqrt(dot(a, a, m));
        for (index k = 0; k < m; ++k) { a[k] *= scale; }
    }
}

}  // namespace detail

/// Fills w [rows, columns] with orthonormal rows or columns (whichever are fewer) times gain: the
/// Q of a Gaussian matrix's QR with a positive diagonal R, in double precision.
template <class T>
void init_orthogonal(T* w, index rows, index columns, double gain, Rng& rng) {
    index const n = std::min(rows, columns);
    index const m = std::max(rows, columns);
    std::vector<double> q(static_cast<std::size_t>(n * m));
    for (double& x : q) { x = rng.normal(); }
    detail::orthonormalize(q.data(), n, m);
    for (index r = 0; r < rows; ++r) {
        for (index c = 0; c < columns; ++c) {
            double const x = rows <= columns ? q[static_cast<std::size_t>(r * m + c)]
                                             : q[static_cast<std::size_t>(c * m + r)];
            w[r * columns + c] = static_cast<T>(gain * x);
        }
    }
}

}  // namespace spikelet
