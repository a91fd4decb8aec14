// SPDX-License-Identifier: MIT
//
// Random numbers for tests, and how far two arrays are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include <spikelet/core/rng.hpp>

namespace spikelet::test {

/// Standard normal numbers.
template <class T>
std::vector<T> random_numbers(index n, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<T> values(static_cast<std::size_t>(n));
    std::generate(values.begin(), values.end(), [&] { return static_cast<T>(rng.normal()); });
    return values;
}

template <class T>
std::vector<double> as_double(std::vector<T> const& x) {
    return {x.begin(), x.end()};
}

/// Equal bit by bit: -0 is not 0.
template <class T>
bool same_bits(std::span<T const> a, std::span<T const> b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

/// Equal bit by bit: -0 is not 0.
template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
    return same_bits(std::span<T const>(a), std::span<T const>(b));
}

/// The largest |a - b| / (1 + |b|), in units of T's rounding; infinite where the sizes differ or
/// something is no number.
template <class T>
double roundings(std::span<T const> a, std::span<double const> b) {
    double worst = a.size() == b.size() ? 0.0 : HUGE_VAL;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        double const error = std::abs(static_cast<double>(a[i]) - b[i]) / (1 + std::abs(b[i]));
        worst = std::isnan(error) ? HUGE_VAL : std::max(worst, error);
    }
    return worst / static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
double roundings(std::vector<T> const& a, std::vector<double> const& b) {
    return roundings(std::span<T const>(a), std::span<double const>(b));
}

/// How many roundings a gradient may be away from one by differences: those of T, but not less than
/// the differences' own error of about 1e-8.
template <class T>
constexpr double difference_roundings =
    std::max(16.0, 1e-8 / static_cast<double>(std::numeric_limits<T>::epsilon()));

/// The derivative of loss() by each of n numbers, by central differences.
template <class F>
std::vector<double> slopes(F&& loss, double* values, index n, double step = 1e-5) {
    std::vector<double> gradient(static_cast<std::size_t>(n));
    for (index i = 0; i < n; ++i) {
        double const value = values[i];
        values[i] = value + step;
        double const above = loss();
        values[i] = value - step;
        double const below = loss();
        values[i] = value;
        gradient[static_cast<std::size_t>(i)] = (above - below) / (2 * step);
    }
    return gradient;
}

/// Sum of a[i] b[i].
inline double dot(std::vector<double> const& a, std::vector<double> const& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) { sum += a[i] * b[i]; }
    return sum;
}

/// a + b.
inline std::vector<double> plus(std::vector<double> a, std::vector<double> const& b) {
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), std::plus<>{});
    return a;
}

}  // namespace spikelet::test
