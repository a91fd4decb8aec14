// SPDX-License-Identifier: MIT
//
// Kernels as their formulas read: plain loops in double, for comparison.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <spikelet/core/extents.hpp>

namespace spikelet::reference {

using Numbers = std::vector<double>;

/// left [rows, depth] times right [depth, columns].
inline std::vector<double> product(std::span<double const> left, std::span<double const> right,
                                   index rows, index depth, index columns) {
    std::vector<double> result(static_cast<std::size_t>(rows * columns));
    for (index r = 0; r < rows; ++r) {
        for (index d = 0; d < depth; ++d) {
            for (index c = 0; c < columns; ++c) {
                result[static_cast<std::size_t>(r * columns + c)] +=
                    left[static_cast<std::size_t>(r * depth + d)] *
                    right[static_cast<std::size_t>(d * columns + c)];
            }
        }
    }
    return result;
}

/// x [rows, columns] as [columns, rows].
inline std::vector<double> transposed(std::span<double const> x, index rows, index columns) {
    std::vector<double> result(static_cast<std::size_t>(rows * columns));
    for (index r = 0; r < rows; ++r) {
        for (index c = 0; c < columns; ++c) {
            result[static_cast<std::size_t>(c * rows + r)] =
                x[static_cast<std::size_t>(r * columns + c)];
        }
    }
    return result;
}

/// Row r of x [rows, columns].
inline std::span<double const> row(Numbers const& x, index r, index columns) {
    return std::span(x).subspan(static_cast<std::size_t>(r * columns),
                                static_cast<std::size_t>(columns));
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

inline double mean(std::span<double const> x) {
    double sum = 0;
    for (double v : x) { sum += v; }
    return sum / static_cast<double>(x.size());
}

/// x [rows, columns], each row with mean 0 and variance 1 (nearly), times gain plus bias.
inline Numbers layer_norm(Numbers const& x, Numbers const& gain, Numbers const& bias, double eps) {
    index const columns = static_cast<index>(gain.size());
    Numbers y;
    for (index r = 0; r < static_cast<index>(x.size()) / columns; ++r) {
        auto const numbers = row(x, r, columns);
        double const centre = mean(numbers);
        double variance = 0;
        for (double v : numbers) { variance += (v - centre) * (v - centre); }
        variance /= static_cast<double>(columns);
        for (std::size_t c = 0; c < gain.size(); ++c) {
            y.push_back((numbers[c] - centre) / std::sqrt(variance + eps) * gain[c] + bias[c]);
        }
    }
    return y;
}

/// What the recurrence of one channel has seen before: sums scaled by e^exponent.
struct WkvPast {
    double values = 0;
    double weights = 0;
    double exponent = 0;
};

/// The weighted means of one channel, each from its definition: the sum over all steps before.
/// v[i] counts e^(k[i] + (t-1-i) w) at a later step t, and v[t] itself e^(u + k[t]).
inline Numbers wkv(double w, double u, Numbers const& k, Numbers const& v, WkvPast past = {}) {
    Numbers y;
    for (std::size_t t = 0; t < k.size(); ++t) {
        Numbers exponents;
        for (std::size_t i = 0; i < t; ++i) {
            exponents.push_back(k[i] + static_cast<double>(t - 1 - i) * w);
        }
        exponents.push_back(u + k[t]);
        double const before = past.exponent + static_cast<double>(t) * w;
        double largest = *std::max_element(exponents.begin(), exponents.end());
        largest = past.weights > 0 ? std::max(largest, before) : largest;
        double values = past.weights > 0 ? std::exp(before - largest) * past.values : 0;
        double weights = past.weights > 0 ? std::exp(before - largest) * past.weights : 0;
        for (std::size_t i = 0; i <= t; ++i) {
            values += std::exp(exponents[i] - largest) * v[i];
            weights += std::exp(exponents[i] - largest);
        }
        y.push_back(values / weights);
    }
    return y;
}

/// The probabilities of one row of logits.
inline Numbers softmax(std::span<double const> logits) {
    double const largest = *std::max_element(logits.begin(), logits.end());
    Numbers p;
    double sum = 0;
    for (double z : logits) {
        p.push_back(std::exp(z - largest));
        sum += p.back();
    }
    for (double& x : p) { x /= sum; }
    return p;
}

/// Adam's moments and value of one weight, and the step that the paper's Algorithm 1 makes.
struct AdamWeight {
    double value;
    double mean = 0;
    double square = 0;

    void step(double gradient, double rate, double beta1, double beta2, double epsilon, int t) {
        mean = beta1 * mean + (1 - beta1) * gradient;
        square = beta2 * square + (1 - beta2) * gradient * gradient;
        double const fair_mean = mean / (1 - std::pow(beta1, t));
        double const fair_square = square / (1 - std::pow(beta2, t));
        value -= rate * fair_mean / (std::sqrt(fair_square) + epsilon);
    }
};

}  // namespace spikelet::reference
