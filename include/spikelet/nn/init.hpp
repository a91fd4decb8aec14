// SPDX-License-Identifier: MIT
// First values. A layer with init(rng) sets itself; a bare matrix is uniform in +-1/sqrt(rows),
// a bare vector zero.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/uniform.hpp>

namespace spikelet {

namespace detail {

template <class Part>
struct IsSize : std::false_type {};
template <index N>
struct IsSize<Size<N>> : std::true_type {};

template <class Part>
concept PartList = requires(Part& part) {
    part.begin();
    part.size();
};

template <class Part>
concept OptionalPart = requires(Part& part) {
    part.has_value();
};

/// A part that has no weights and needs no list of its own parts to say so.
template <class Part>
inline constexpr bool plain_part = std::is_scalar_v<Part> || IsSize<Part>::value;

template <class Part>
void init_part(Part& part, Rng& rng) {
    if constexpr (spikelet::IsParameter<Part>) {
        if constexpr (Part::extents_type::rank >= 2) {
            init_uniform(part, rng);
        } else {
            std::ranges::fill(part.writable(), typename Part::scalar(0));
        }
    } else if constexpr (requires { part.init(rng); }) {
        part.init(rng);
    } else if constexpr (Layer<Part>) {
        Part::each_part(part, [&](std::string_view, auto& member) { init_part(member, rng); });
    } else if constexpr (PartList<Part>) {
        for (auto& layer : part) { init_part(layer, rng); }
    } else if constexpr (OptionalPart<Part>) {
        if (part.has_value()) { init_part(*part, rng); }
    } else {
        static_assert(plain_part<Part>, "init: list the model's parts with SPIKELET_PARTS");
    }
}

}  // namespace detail

/// Throws Error, naming the parameter, if a part is bound to constant numbers.
template <class Model>
void check_writable(std::string_view where, Model const& model) {
    each_parameter(model, [&](std::string_view name, auto const& p) {
        if (p.read_only()) { fail(where, quote(name) + " is bound to constant numbers"); }
    });
}

/// Gives every parameter of the model memory and a first value: layers with init(rng) set their
/// own, other matrices are uniform in +-1/sqrt(rows), other vectors zero.
/// Throws Error, and changes nothing, if a parameter is bound to constant numbers; throws Error
/// when memory runs out.
template <class Model>
void init(Model& model, Rng& rng) {
    static_assert(!detail::plain_part<Model>,
                  "init: a model is a layer, a parameter or a list of layers");
    check_writable("init", model);
    detail::init_part(model, rng);
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

/// a -= (a . b) b.
inline void remove_along(double const* b, double* a, index m) {
    double const along = dot(a, b, m);
    for (index k = 0; k < m; ++k) { a[k] -= along * b[k]; }
}

/// Makes n vectors of length m orthonormal, one after another (modified Gram-Schmidt). What a block
/// of them spans is taken off all later ones while it is in the cache: the same operations on each.
inline void orthonormalize(double* q, index n, index m) {
    constexpr index block = 16;
    for (index begin = 0; begin < n; begin += block) {
        index const end = (std::min)(begin + block, n);
        for (index i = begin; i < n; ++i) {
            double* const a = q + i * m;
            for (index j = begin; j < (std::min)(i, end); ++j) { remove_along(q + j * m, a, m); }
            if (i >= end) { continue; }
            double const scale = 1.0 / std::sqrt(dot(a, a, m));
            for (index k = 0; k < m; ++k) { a[k] *= scale; }
        }
    }
}

}  // namespace detail

/// Fills w [rows, columns], row-major, with orthonormal rows or columns (whichever are fewer) times
/// gain: the Q of a Gaussian matrix's QR with a positive diagonal R (Saxe et al., arXiv 1312.6120;
/// PyTorch's orthogonal_), in double precision.
template <class T>
void init_orthogonal(T* w, index rows, index columns, double gain, Rng& rng) {
    index const n = (std::min)(rows, columns);
    index const m = (std::max)(rows, columns);
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
