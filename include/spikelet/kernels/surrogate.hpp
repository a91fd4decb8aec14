// SPDX-License-Identifier: MIT
// Surrogate derivatives of the step function Theta(x), x = membrane - threshold: what stands for
// d spike / d membrane on the way back. Each is a small type with a slope and a call on a batch; a
// type of your own with the same call works everywhere these do.
//
// Names and defaults follow the field; the list with its sources is in docs/numerics.md.
#pragma once

#include <numbers>

#include <spikelet/kernels/simd.hpp>

namespace spikelet {

/// (a/2) / (1 + (pi a x / 2)^2), the derivative of atan(pi a x / 2) / pi + 1/2. SpikeGPT's choice.
struct Arctan {
    double slope = 2.0;  ///< a

    template <class B>
    B operator()(B const& x) const {
        B const z = simd::constant<B>(std::numbers::pi / 2 * slope) * x;
        return simd::constant<B>(slope / 2) / simd::fma(z, z, B(1));
    }
};

/// a s (1 - s) with s = sigmoid(a x).
struct SigmoidSurrogate {
    double slope = 4.0;  ///< a

    template <class B>
    B operator()(B const& x) const {
        B const a = simd::constant<B>(slope);
        B const s = simd::sigmoid(a * x);
        return a * simd::fnma(s, s, s);
    }
};

/// max(0, a - a^2 |x|): a triangle of area one.
struct Triangle {
    double slope = 1.0;  ///< a

    template <class B>
    B operator()(B const& x) const {
        B const a = simd::constant<B>(slope);
        return (simd::max)(B(0), simd::fnma(a * a, simd::abs(x), a));
    }
};

/// a / (2 (1 + a |x|)^2).
struct SoftSign {
    double slope = 2.0;  ///< a

    template <class B>
    B operator()(B const& x) const {
        B const d = simd::fma(simd::constant<B>(slope), simd::abs(x), B(1));
        return simd::constant<B>(slope / 2) / (d * d);
    }
};

/// 1 / (1 + a |x|)^2, peak one (Zenke & Ganguli, "SuperSpike", 2018).
struct FastSigmoid {
    double slope = 10.0;  ///< a

    template <class B>
    B operator()(B const& x) const {
        B const d = simd::fma(simd::constant<B>(slope), simd::abs(x), B(1));
        return B(1) / (d * d);
    }
};

/// a / sqrt(pi) e^-(a x)^2.
struct Gaussian {
    double slope = 2.0;  ///< a

    template <class B>
    B operator()(B const& x) const {
        B const z = simd::constant<B>(slope) * x;
        return simd::constant<B>(slope * std::numbers::inv_sqrtpi) * simd::exp(-(z * z));
    }
};

/// a where |x| < 1/a, else `leak`.
struct LeakyPiecewise {
    double slope = 1.0;  ///< a
    double leak = 0.01;  ///< what is left far from the threshold

    template <class B>
    B operator()(B const& x) const {
        auto const inside = simd::abs(x) < simd::constant<B>(1 / slope);
        return simd::select(inside, simd::constant<B>(slope), simd::constant<B>(leak));
    }
};

/// a where |x| < 1/(2a), else 0: a box of area one.
struct Boxcar {
    double slope = 1.0;  ///< a

    template <class B>
    B operator()(B const& x) const {
        auto const inside = simd::abs(x) < simd::constant<B>(0.5 / slope);
        return simd::select(inside, simd::constant<B>(slope), B(0));
    }
};

/// 1 everywhere.
struct StraightThrough {
    template <class B>
    B operator()(B const&) const {
        return B(1);
    }
};

}  // namespace spikelet
