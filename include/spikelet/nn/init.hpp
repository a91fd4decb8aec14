// SPDX-License-Identifier: MIT
// First values. A layer with init(rng) sets itself; a bare matrix is uniform in +-1/sqrt(rows),
// a bare vector zero.
#pragma once

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
    } else if constexpr (requires { part.begin(); part.size(); }) {
        for (auto& layer : part) {
            init(layer, rng);
        }
    } else if constexpr (requires { part.has_value(); }) {
        if (part.has_value()) {
            init(*part, rng);
        }
    }
}

/// Fills w [rows, columns] with orthonormal rows or columns (whichever are fewer) times gain: the
/// Q of a Gaussian matrix's QR with a positive diagonal R, by Gram-Schmidt in double precision.
template <class T>
void init_orthogonal(T* w, index rows, index columns, double gain, Rng& rng) {
    index const n = std::min(rows, columns);
    index const m = std::max(rows, columns);
    std::vector<double> q(static_cast<std::size_t>(n * m));
    for (double& x : q) {
        x = rng.normal();
    }
    auto const vector = [&](index i) { return q.data() + i * m; };
    for (index i = 0; i < n; ++i) {
        double* const a = vector(i);
        for (index j = 0; j < i; ++j) {
            double const* const b = vector(j);
            double along = 0;
            for (index k = 0; k < m; ++k) {
                along += a[k] * b[k];
            }
            for (index k = 0; k < m; ++k) {
                a[k] -= along * b[k];
            }
        }
        double square = 0;
        for (index k = 0; k < m; ++k) {
            square += a[k] * a[k];
        }
        double const scale = 1.0 / std::sqrt(square);
        for (index k = 0; k < m; ++k) {
            a[k] *= scale;
        }
    }
    for (index r = 0; r < rows; ++r) {
        for (index c = 0; c < columns; ++c) {
            double const x = rows <= columns ? vector(r)[c] : vector(c)[r];
            w[r * columns + c] = static_cast<T>(gain * x);
        }
    }
}

}  // namespace spikelet
