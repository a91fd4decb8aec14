// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire over whole sequences, one neuron per channel (SpikeGPT, arXiv
// 2302.13939; docs/numerics.md, section LIF).
//   charge   h[t] = r + leak (v[t-1] - r) + gain x[t]      leak = 1 - 1/tau, gain = 1/tau or 1
//   fire     s[t] = h[t] >= threshold
//   reset    v[t] = hard: s ? r : h      soft: h - s threshold      none: h
// Backward walks time in reverse; with g = surrogate(h - threshold), ds given, dh given by whoever
// reads the charge itself, and e after the last step 0:
//   e[t] = ds[t] g + leak e[t+1] R[t] + dh[t],    dx[t] += gain e[t]
//   R = hard: 1 - s + (r - h) g    soft: 1 - threshold g    none: 1    (without g: reset detached)
//
// Bound by memory: 8 bytes for a neuron and step forward where the charge is kept, 12 backward.
// Membranes stay in the cache.
#pragma once

#include <array>
#include <limits>

#include <spikelet/core/error.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet {

/// What a neuron does after it has fired.
enum class Reset {
    hard,  ///< the membrane goes to the reset value
    soft,  ///< the threshold is subtracted from the membrane
    none,  ///< nothing
};

/// Constants of leaky integrate-and-fire neurons. The defaults are SpikeGPT's.
struct LifOptions {
    double tau = 2.0;           ///< time constant in steps; infinity: no leak, without decay_input
    double threshold = 1.0;     ///< fires at a membrane of at least this
    Reset reset = Reset::hard;  ///< what a spike does to the membrane
    double reset_value = 0.0;   ///< where a hard reset and the resting membrane are
    bool decay_input = true;    ///< the input is divided by tau, too
    bool detach_reset = false;  ///< the gradient does not see the reset

    /// Share of the membrane that a step keeps.
    [[nodiscard]] constexpr double leak() const { return 1.0 - 1.0 / tau; }
    /// What the input is multiplied by.
    [[nodiscard]] constexpr double gain() const { return decay_input ? 1.0 / tau : 1.0; }
    /// The membrane before the first input.
    [[nodiscard]] constexpr double rest() const { return reset == Reset::hard ? reset_value : 0.0; }

    friend constexpr bool operator==(LifOptions const&, LifOptions const&) = default;
};

/// Neurons that forget nothing and add their input as it is (IF).
inline constexpr LifOptions integrate_and_fire{.tau = std::numeric_limits<double>::infinity(),
                                               .decay_input = false};

namespace detail {

constexpr bool is_finite(double x) {
    constexpr double most = (std::numeric_limits<double>::max)();
    return x >= -most && x <= most;
}

}  // namespace detail

/// Throws Error, naming the op `where`, unless neurons with these constants compute something: tau
/// at least 1 step or infinite (below 1 the leak 1 - 1/tau is negative), an infinite tau not
/// together with decay_input (which divides the input by it), threshold and reset value finite.
constexpr void check(LifOptions const& options, char const* where = "lif") {
    if (!(options.tau >= 1.0)) { fail(where, "tau must be at least 1 step, or infinity"); }
    if (options.decay_input && !detail::is_finite(options.tau)) {
        fail(where, "with an infinite tau, decay_input must be false: it divides the input by tau");
    }
    if (!detail::is_finite(options.threshold)) {
        fail(where, "the threshold must be a finite number");
    }
    if (!detail::is_finite(options.reset_value)) {
        fail(where, "the reset value must be a finite number");
    }
}

namespace kernels {

/// Neurons along time.
template <class Policy>
struct Lif {
    static_assert(CpuPolicy<Policy>,
                  "lif: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [B,T,C] -> spikes [B,T,C] bits. charge [B,T,C] receives h, may be null. state [B,C] is the
    /// membrane before and after; null: starts at rest, keeps nothing.
    template <class T>
    static void forward(Policy policy, Btc n, LifOptions o, T const* x, word* spikes, T* charge,
                        T* state) {
        auto const some = [=](index b, index first, index last) {
            Strip const strip{n, b, first, last};
            if (state != nullptr) {
                fire(strip, o, x, spikes, charge, state + b * n.C + first);
            } else {
                fire_from_rest(strip, o, x, spikes, charge);
            }
        };
        for_each_strip(policy, n, some);
    }

    /// charge [B,T,C] as forward() leaves it; dspikes, dcharge [B,T,C] -> dx [B,T,C] +=. The
    /// gradients but dspikes may be null.
    template <class T, class Surrogate>
    static void backward(Policy policy, Btc n, LifOptions o, Surrogate surrogate, T const* charge,
                         T const* dspikes, AddsTo<T> dx, T const* dcharge = nullptr) {
        Back<T> const back{charge, dspikes, dcharge, dx};
        for_each_strip(policy, n, [=](index b, index first, index last) {
            reverse(Strip{n, b, first, last}, o, surrogate, back);
        });
    }

private:
    /// One number for each channel of a strip.
    template <class T>
    using Membranes = std::array<T, static_cast<std::size_t>(widest_strip)>;

    /// Some channels of one sequence.
    struct Strip {
        Btc n;
        index b, first, last;
    };

    template <class T>
    struct Back {
        T const *charge, *dspikes, *dcharge;
        Accumulator<T> dx;
    };

    /// Options in every lane. In the loop they would be worked out again: a store may have changed
    /// them, for all a compiler knows.
    template <class B>
    struct Constants {
        explicit Constants(LifOptions o)
            : leak(simd::constant<B>(o.leak())),
              gain(simd::constant<B>(o.gain())),
              rest(simd::constant<B>(o.rest())),
              threshold(simd::constant<B>(o.threshold)),
              reset_value(simd::constant<B>(o.reset_value)) {}

        B leak, gain, rest, threshold, reset_value;
    };

    /// A function of its own, so that streams need no stack for membranes.
    template <class T>
    [[gnu::noinline]] static void fire_from_rest(Strip s, LifOptions o, T const* x, word* spikes,
                                                 T* charge) {
        Membranes<T> rest;
        rest.fill(static_cast<T>(o.rest()));
        fire(s, o, x, spikes, charge, rest.data());
    }

    /// Forward along time; v [last - first] are the membranes before and after.
    template <class T>
    static void fire(Strip s, LifOptions o, T const* x, word* spikes, T* charge, T* v) {
        using B = simd::Batch<T, Policy>;
        Constants<B> const k(o);
        for (index t = 0; t < s.n.T; ++t) {
            index const row = s.b * s.n.T + t;
            word* const fired = spikes + row * Element<bit>::row_units(s.n.C);
            for (index w = s.first; w < s.last; w += bits_per_word) {
                word bits = 0;
                simd::for_each_batch<B>(
                    w, (std::min)(w + bits_per_word, s.last), [&](index c, auto lanes) {
                        index const i = row * s.n.C + c;
                        T* const membrane = v + (c - s.first);
                        B const h =
                            charged(k, simd::load<B>(membrane, lanes), simd::load<B>(x + i, lanes));
                        auto const fires = h >= k.threshold;
                        bits |= simd::in_use(simd::to_bits(fires), lanes) << (c - w);
                        simd::store(membrane, after_reset(o.reset, k, h, fires), lanes);
                        if (charge != nullptr) { simd::store(charge + i, h, lanes); }
                    });
                fired[w / bits_per_word] = bits;
            }
        }
    }

    /// Backward along time. A function of its own, whose parameters no store can reach.
    template <class T, class Surrogate>
    static void reverse(Strip s, LifOptions o, Surrogate surrogate, Back<T> in) {
        using B = simd::Batch<T, Policy>;
        Constants<B> const k(o);
        Membranes<T> carried;  // gradient of the membrane after the step
        std::fill_n(carried.begin(), s.last - s.first, T(0));
        for (index t = s.n.T - 1; t >= 0; --t) {
            index const row = (s.b * s.n.T + t) * s.n.C;
            simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                index const i = row + c;
                B const h = simd::load<B>(in.charge + i, lanes);
                B const slope = surrogate(h - k.threshold);
                T* const dv = carried.data() + (c - s.first);
                B const through_reset = simd::load<B>(dv, lanes) * reset_slope(o, k, h, slope);
                B e = simd::fma(simd::load<B>(in.dspikes + i, lanes), slope, through_reset);
                if (in.dcharge != nullptr) { e += simd::load<B>(in.dcharge + i, lanes); }
                simd::accumulate(in.dx, i, k.gain, e, lanes);
                simd::store(dv, k.leak * e, lanes);
            });
        }
    }

    template <class B>
    static B charged(Constants<B> const& k, B const& v, B const& x) {
        return simd::fma(k.gain, x, simd::fma(k.leak, v - k.rest, k.rest));
    }

    template <class B, class Fires>
    static B after_reset(Reset reset, Constants<B> const& k, B const& h, Fires const& fires) {
        switch (reset) {
        case Reset::hard:
            return simd::select(fires, k.reset_value, h);
        case Reset::soft:
            return simd::select(fires, h - k.threshold, h);
        case Reset::none:
            break;
        }
        return h;
    }

    template <class B>
    static B reset_slope(LifOptions const& o, Constants<B> const& k, B const& h, B const& slope) {
        B const one(1);
        B const g = o.detach_reset ? B(0) : slope;
        switch (o.reset) {
        case Reset::hard:
            return simd::fma(k.reset_value - h, g, simd::zero_where(h >= k.threshold, one));
        case Reset::soft:
            return simd::fnma(k.threshold, g, one);
        case Reset::none:
            break;
        }
        return one;
    }
};

}  // namespace kernels
}  // namespace spikelet
