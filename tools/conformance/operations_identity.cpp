// SPDX-License-Identifier: MIT
// The products of SpikeGPT's first matrices, computed by events. Their inputs are numbers, but
// these are made of bits s and counts n: with x[t] = LN0(s[t]) + n[t] and h[t] = LN1(x[t]),
//   y[t] = W (mix h[t] + (1 - mix) h[t-1])
// is, by the linearity of all but the two divisions by a deviation, sums over the rows of matrices
// that spikes and counts choose, times numbers of the step.
#include <cmath>
#include <utility>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/core/bits.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/layer_norm.hpp>
#include <spikelet/ops/linear.hpp>
#include <spikelet/ops/shift.hpp>

#include "conformance/operation.hpp"

namespace conformance {
namespace {

using spikelet::dyn;

constexpr Tolerance product{Measure::scaled, 2e-6};
constexpr double eps = 1e-5;  // of both normalisations

// In T; all numbers of a step and all sums over a matrix in double.
template <class T>
class IdentityCheck {
    using Counts = spikelet::graded<3>;
    using Vector = spikelet::BasicParameter<T, dyn>;
    using Matrix = spikelet::BasicParameter<T, dyn, dyn>;
    template <class S>
    using Rows = spikelet::Tensor<S, dyn, dyn, dyn>;

public:
    explicit IdentityCheck(Operation const& operation)
        : operation_(operation),
          steps_(operation.extent("n", 0)),
          C_(operation.extent("n", 1)),
          N_(operation.extent("W", 0)),
          bits_(packed<spikelet::bit>("s0/s")),
          counts_(packed<Counts>("n")),
          W_(read("W")),
          gain0_(read("ln0_w")),
          bias0_(read("ln0_b")),
          gain1_(read("ln1_w")),
          bias1_(read("ln1_b")),
          mix_(read("mix")) {
        operation.compare("product of the mixed stream", "y", of_stream(), product);
        operation.compare("sums over events", "y", of_events(), product);
    }

private:
    // What one step multiplies its sums with.
    struct Step {
        double fired, scale0;  // of s: mean, one over the deviation
        double mean, scale1;   // the same of x
    };

    [[nodiscard]] std::vector<double> read(std::string const& name) const {
        return operation_.read<double>(name);
    }

    template <class S>
    [[nodiscard]] Rows<S> packed(std::string const& name) const {
        auto const numbers = read(name);
        Rows<S> rows(spikelet::Extents<dyn, dyn, dyn>(1, steps_, C_));
        for (index t = 0; t < steps_; ++t) {
            spikelet::pack<S>(numbers.data() + t * C_, C_, rows.row(t));
        }
        return rows;
    }

    [[nodiscard]] static Vector vector(std::vector<double> const& numbers) {
        Vector v(std::ssize(numbers));
        std::ranges::transform(numbers, v.writable().begin(), to_T);
        return v;
    }

    // [C,N] of f(c, n).
    [[nodiscard]] Matrix matrix(auto&& f) const {
        Matrix m(C_, N_);
        auto next = m.writable().begin();
        for (index c = 0; c < C_; ++c) {
            for (index n = 0; n < N_; ++n) { *next++ = to_T(f(c, n)); }
        }
        return m;
    }

    // As a model computes it.
    [[nodiscard]] std::vector<T> of_stream() const {
        spikelet::Forward<Policy, T> forward(operation_.policy);
        auto const s = forward.begin(bits_.view());
        auto const n = forward.template make<Counts>(s.extents);
        std::ranges::copy(counts_.span(), n.data);
        auto const x = layer_norm(to_numbers(s), vector(gain0_), vector(bias0_), eps) + n;
        auto const h = layer_norm(x, vector(gain1_), vector(bias1_), eps);
        auto const mixed = mix(h, shift(h), vector(mix_));
        auto const y = linear(mixed, matrix([&](index c, index o) { return W_[at(o, C_, c)]; }));
        return {y.data, y.data + y.extents.size()};
    }

    // By events. What h[t-1] gives is computed with what h[t] gives, of the same events.
    [[nodiscard]] std::vector<T> of_events() const {
        std::vector<double> rest(mix_);
        for (double& m : rest) { m = 1 - m; }
        auto const now = of_events(mix_);
        auto const before = of_events(rest);
        std::vector<T> y(now.size());
        for (std::size_t i = 0; i < y.size(); ++i) {
            auto const row = static_cast<std::size_t>(N_);
            y[i] = to_T(now[i] + (i < row ? 0.0 : before[i - row]));
        }
        return y;
    }

    // W diag(m) h [T,N] for all steps, without h.
    [[nodiscard]] std::vector<double> of_events(std::vector<double> const& m) const {
        auto const folded = [&](index c, index o) { return W_[at(o, C_, c)] * m[at(c)]; };
        auto const normed = [&](index c, index o) { return folded(c, o) * gain1_[at(c)]; };
        auto const normed_twice = [&](index c, index o) { return normed(c, o) * gain0_[at(c)]; };
        auto const counted = sums<Counts>(counts_, matrix(normed));
        auto const fired = sums<spikelet::bit>(bits_, matrix(normed_twice));
        std::vector<double> y(counted.size());
        for (index o = 0; o < N_; ++o) {
            double of_gain = 0;
            double of_bias = 0;
            double of_ones = 0;
            double last = 0;
            for (index c = 0; c < C_; ++c) {
                of_gain += normed_twice(c, o);
                of_bias += normed(c, o) * bias0_[at(c)];
                of_ones += normed(c, o);
                last += folded(c, o) * bias1_[at(c)];
            }
            for (index t = 0; t < steps_; ++t) {
                auto const i = at(t, N_, o);
                Step const k = step(t);
                double const of_s = k.scale0 * (fired[i] - k.fired * of_gain) + of_bias;
                y[i] = k.scale1 * (counted[i] + of_s - k.mean * of_ones) + last;
            }
        }
        return y;
    }

    // The product of events with a matrix.
    template <class S>
    [[nodiscard]] std::vector<double> sums(Rows<S> const& events, Matrix const& w) const {
        spikelet::Forward<Policy, T> forward(operation_.policy);
        auto const y = linear(forward.begin(events.view()), w);
        return {y.data, y.data + y.extents.size()};
    }

    [[nodiscard]] Step step(index t) const {
        std::vector<double> s(at(C_));
        std::vector<double> x(at(C_));
        spikelet::unpack(bits_.row(t), C_, s.data());
        spikelet::unpack<Counts>(counts_.row(t), C_, x.data());
        auto const [fired, scale0] = moments(s);
        for (std::size_t c = 0; c < x.size(); ++c) {
            x[c] += scale0 * (s[c] - fired) * gain0_[c] + bias0_[c];
        }
        auto const [mean, scale1] = moments(x);
        return {fired, scale0, mean, scale1};
    }

    // Mean, and one over the deviation.
    static std::pair<double, double> moments(std::vector<double> const& x) {
        auto const n = static_cast<double>(x.size());
        double mean = 0;
        double variance = 0;
        for (double const v : x) { mean += v / n; }
        for (double const v : x) { variance += (v - mean) * (v - mean) / n; }
        return {mean, 1 / std::sqrt(variance + eps)};
    }

    static T to_T(double x) { return static_cast<T>(x); }
    static std::size_t at(index row, index width = 1, index column = 0) {
        return static_cast<std::size_t>(row * width + column);
    }

    Operation const& operation_;
    index steps_, C_, N_;
    Rows<spikelet::bit> bits_;
    Rows<Counts> counts_;
    std::vector<double> W_, gain0_, bias0_, gain1_, bias1_, mix_;
};

}  // namespace

void check_event_driven_identity(Operation const& operation, bool with_double) {
    IdentityCheck<float> const in_float(operation);
    if (with_double) { IdentityCheck<double> const in_double(operation); }
}

}  // namespace conformance
