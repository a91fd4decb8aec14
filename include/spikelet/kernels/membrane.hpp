// SPDX-License-Identifier: MIT
// One step of a leaky membrane and its way back, which all neurons with a learned time constant
// share; q = 1/tau, the share that a step loses, r where it rests (docs/numerics.md, "Learned
// neurons"):
//   charge   h = r + (1 - q) (v - r) + gain x            gain = q with decay_input, else 1
//   reset    v = hard: s ? r : h      soft: h - s th     none: h
// Backward, ds and dh given, dv that of the membrane after the step, g = surrogate(h - th):
//   D = ds + dv R, R = hard: r - h, soft: -th, none: 0   (detached: D = ds)
//   e = D g + dh + (hard: (1 - s) dv, else dv)
//   dx = gain e;  dv before = (1 - q) e;  dq = e (x [decay_input] - (v - r))
//   dth = -D g - (soft: s dv)
#pragma once

#include <spikelet/kernels/lif.hpp>

namespace spikelet::kernels {

/// A membrane whose constants but q and the threshold are values.
struct Membrane {
    LifOptions options;  ///< of these tau and threshold do not count

    /// h of the membrane v before and the input x.
    template <class B>
    [[gnu::always_inline]] B charge(B const& q, B const& v, B const& x) const {
        B const r = simd::constant<B>(options.rest());
        B const left = simd::fma(B(1) - q, v - r, r);
        return options.decay_input ? simd::fma(q, x, left) : left + x;
    }

    /// The membrane after the step, of one charged to h.
    template <class B, class Fires>
    [[gnu::always_inline]] B reset(B const& threshold, B const& h, Fires const& fires) const {
        switch (options.reset) {
        case Reset::hard:
            return simd::select(fires, simd::constant<B>(options.reset_value), h);
        case Reset::soft:
            return simd::select(fires, h - threshold, h);
        case Reset::none:
            break;
        }
        return h;
    }

    /// The gradient of the charge, from that of the spike, of the charge itself and of the membrane
    /// after the reset; adds to that of the threshold.
    template <class B>
    [[gnu::always_inline]] B through_spike(B const& slope, B const& threshold, B const& h,
                                           B const& dspike, B const& dcharge, B const& dv,
                                           B& dthreshold) const {
        auto const fires = h >= threshold;
        B by_spike = dspike;
        B kept = dv;
        if (options.reset == Reset::hard) {
            kept = simd::zero_where(fires, dv);
            if (!options.detach_reset) {
                by_spike = simd::fma(dv, simd::constant<B>(options.reset_value) - h, by_spike);
            }
        } else if (options.reset == Reset::soft) {
            dthreshold = dthreshold - simd::select(fires, dv, B(0));
            if (!options.detach_reset) { by_spike = simd::fnma(dv, threshold, by_spike); }
        }
        dthreshold = simd::fnma(by_spike, slope, dthreshold);
        return simd::fma(by_spike, slope, kept + dcharge);
    }

    /// Adds to dx and dq what the gradient e of the charge brings; dv becomes that of the membrane
    /// before.
    template <class B>
    [[gnu::always_inline]] void through_charge(B const& q, B const& v, B const& x, B const& e,
                                               B& dv, B& dq, B& dx) const {
        B const above = v - simd::constant<B>(options.rest());
        dq = simd::fma(e, options.decay_input ? x - above : B(0) - above, dq);
        dv = (B(1) - q) * e;
        dx = options.decay_input ? simd::fma(q, e, dx) : dx + e;
    }
};

/// The derivative of q = sigmoid(a) by a.
template <class B>
[[gnu::always_inline]] inline B sigmoid_slope(B const& q) {
    return simd::fnma(q, q, q);
}

}  // namespace spikelet::kernels
