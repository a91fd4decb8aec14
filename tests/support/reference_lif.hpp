// SPDX-License-Identifier: MIT
//
// Spiking neurons and their surrogate gradients as the formulas read: one neuron at a time, in
// double.
#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/surrogate.hpp>

namespace spikelet::reference {

/// One neuron over time.
struct Neuron {
    std::vector<double> charge;
    std::vector<int> spikes;
    double membrane;
};

/// Charge, fire, reset, from a membrane on.
inline Neuron integrate_and_fire(LifOptions const& o, double membrane,
                                 std::vector<double> const& x) {
    Neuron n{{}, {}, membrane};
    double const rest = o.reset == Reset::hard ? o.reset_value : 0;
    for (double input : x) {
        double const drive = o.decay_input ? input / o.tau : input;
        double const h = n.membrane - (n.membrane - rest) / o.tau + drive;
        bool const fires = h >= o.threshold;
        n.charge.push_back(h);
        n.spikes.push_back(fires ? 1 : 0);
        n.membrane = h;
        if (fires && o.reset == Reset::hard) { n.membrane = o.reset_value; }
        if (fires && o.reset == Reset::soft) { n.membrane = h - o.threshold; }
    }
    return n;
}

/// Gradients of the inputs: the chain rule through time, with surrogate(h - threshold) for
/// d spike / d h:
///   v = reset(h, s), so dv/dh is written out for each way to reset.
template <class Surrogate>
std::vector<double> back_through_time(LifOptions const& o, Surrogate surrogate,
                                      std::vector<double> const& charge,
                                      std::vector<double> const& dspikes) {
    std::vector<double> dx(charge.size());
    double dv = 0;
    for (std::size_t t = charge.size(); t-- > 0;) {
        double const h = charge[t];
        double const slope = surrogate(h - o.threshold);
        double const s = h >= o.threshold ? 1 : 0;
        double const ds_dh = slope;
        double const ds_dh_in_reset = o.detach_reset ? 0 : slope;
        double dv_dh = 1;
        if (o.reset == Reset::hard) { dv_dh = (1 - s) + (o.reset_value - h) * ds_dh_in_reset; }
        if (o.reset == Reset::soft) { dv_dh = 1 - o.threshold * ds_dh_in_reset; }
        double const dh = dspikes[t] * ds_dh + dv * dv_dh;
        dx[t] = dh * (o.decay_input ? 1 / o.tau : 1);
        dv = dh * (1 - 1 / o.tau);
    }
    return dx;
}

// The surrogates as derivatives of what their names say.

inline double slope_of(Arctan f, double x) {
    double const a = f.slope;
    return a / 2 / (1 + std::pow(std::numbers::pi / 2 * a * x, 2));
}
inline double slope_of(SigmoidSurrogate f, double x) {
    double const s = 1 / (1 + std::exp(-f.slope * x));
    return f.slope * s * (1 - s);
}
inline double slope_of(Triangle f, double x) {
    return std::max(0.0, f.slope - f.slope * f.slope * std::abs(x));
}
inline double slope_of(SoftSign f, double x) {
    return f.slope / (2 * std::pow(1 + f.slope * std::abs(x), 2));
}
inline double slope_of(FastSigmoid f, double x) {
    return 1 / std::pow(1 + f.slope * std::abs(x), 2);
}
inline double slope_of(Gaussian f, double x) {
    return f.slope / std::sqrt(std::numbers::pi) * std::exp(-f.slope * f.slope * x * x);
}
inline double slope_of(LeakyPiecewise f, double x) {
    return std::abs(x) < 1 / f.slope ? f.slope : f.leak;
}
inline double slope_of(Boxcar f, double x) { return std::abs(x) < 0.5 / f.slope ? f.slope : 0; }
inline double slope_of(StraightThrough, double) { return 1; }

}  // namespace spikelet::reference
