// SPDX-License-Identifier: MIT
#include <spikelet/kernels/fake_quantize.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <kernels/quantized_support.hpp>
#include <support/numbers.hpp>

namespace spikelet::test::fake_quantize_test {
namespace {

template <kernels::Code C, class Policy = Serial<>>
std::vector<float> rounded(std::vector<float> const& w, index inputs, index outputs, index group,
                           Policy policy = {}) {
    std::vector<float> y(w.size(), 99.0F);
    kernels::FakeQuantize<C, Policy>::forward(policy, inputs, outputs, group, w.data(), y.data());
    return y;
}

/// Calls f(w, inputs, outputs, group) for sizes around the edges of words and groups, with numbers
/// of all sizes.
template <class F>
void each_matrix(F&& f) {
    for (index const outputs : {1, 2, 15, 63, 64, 65, 130}) {
        for (index const inputs : {1, 31, 32, 33, 64, 65, 200}) {
            CAPTURE(outputs);
            CAPTURE(inputs);
            auto w = random_numbers<float>(inputs * outputs, static_cast<std::uint64_t>(inputs));
            for (std::size_t i = 0; i < w.size(); i += 5) { w[i] *= w[i] * w[i]; }
            for (std::size_t i = 0; i < w.size(); i += 7) { w[i] = i % 2 == 0 ? 0.0F : -0.0F; }
            f(w, inputs, outputs, index{64});
            f(w, inputs, outputs, inputs);
        }
    }
}

TEST_CASE_TEMPLATE("fake quantize: the numbers are those of the codes, bit for bit", C, bf16,
                   std::int8_t, int4, trit) {
    each_matrix([](std::vector<float> const& w, index inputs, index outputs, index group) {
        auto const expected = quantized<C>(w, inputs, outputs, group).decoded();
        CHECK(same_bits(rounded<C>(w, inputs, outputs, group), expected));
    });
}

TEST_CASE_TEMPLATE("fake quantize: the largest, the smallest and no numbers at all", C, bf16,
                   std::int8_t, int4, trit) {
    for (float const size : {std::numeric_limits<float>::max() / 2,
                             std::numeric_limits<float>::denorm_min(), 1e-42F, 0.0F}) {
        std::vector<float> const w{size, -size, size / 3, 0.0F};
        CHECK(same_bits(rounded<C>(w, 4, 1, 4), quantized<C>(w, 4, 1, 4).decoded()));
        CHECK(same_bits(rounded<C>(w, 1, 4, 1), quantized<C>(w, 1, 4, 1).decoded()));
    }
    CHECK(rounded<C>({}, 0, 5, 64).empty());
    CHECK(rounded<C>({}, 5, 0, 64).empty());
}

TEST_CASE_TEMPLATE("fake quantize: threads change no bit", C, bf16, std::int8_t, int4, trit) {
    index const inputs = 300;
    index const outputs = 333;
    auto const w = random_numbers<float>(inputs * outputs, 1);
    for (index const group : {index{64}, inputs}) {
        auto const expected = rounded<C>(w, inputs, outputs, group);
        for (int const threads : {2, 3}) {
            CHECK(same_bits(rounded<C>(w, inputs, outputs, group, OpenMp<>{threads}), expected));
        }
    }
}

/// The least sum of squared errors that a scale of the rule brings to a column, and the scale:
/// tried one by one, in doubles.
template <kernels::Code C>
double least_error(std::vector<double> const& column) {
    double most = 0;
    double sum = 0;
    for (double const w : column) {
        most = std::max(most, std::abs(w));
        sum += std::abs(w);
    }
    auto const error_of = [&](double s) {
        double error = 0;
        for (double const w : column) {
            double const code = std::is_same_v<C, trit> ? (std::abs(w) > s / 2 ? 1.0 : 0.0)
                                                        : std::nearbyint(std::abs(w) / s);
            error += std::pow(std::abs(w) - s * std::min(code, double{largest_code<C>}), 2);
        }
        return error;
    };
    if (std::is_same_v<C, std::int8_t>) { return error_of(most / 127); }
    if (std::is_same_v<C, int4>) {
        double least = HUGE_VAL;
        for (int f = 35; f <= 50; ++f) { least = std::min(least, error_of(most / 7 * f / 50)); }
        return least;
    }
    double least = HUGE_VAL;
    double best = 0;
    for (int f = 36; f >= 12; --f) {
        double const s = sum / static_cast<double>(column.size()) * f / 20;
        if (error_of(s) < least) {
            best = s;
            least = error_of(s);
        }
    }
    double kept = 0;
    double count = 0;
    for (double const w : column) {
        kept += std::abs(w) > best / 2 ? std::abs(w) : 0.0;
        count += std::abs(w) > best / 2 ? 1.0 : 0.0;
    }
    return std::min(least, error_of(kept / std::max(count, 1.0)));
}

TEST_CASE_TEMPLATE("fake quantize: errors are those of the best scale, tried in doubles", C,
                   std::int8_t, int4, trit) {
    for (index const group : {64, 200}) {
        index const inputs = 200;
        index const outputs = 70;
        auto const w = random_numbers<float>(inputs * outputs, 3);
        auto const y = rounded<C>(w, inputs, outputs, group);
        for (index first = 0; first < inputs; first += group) {
            for (index o = 0; o < outputs; ++o) {
                std::vector<double> column;
                double error = 0;
                for (index i = first; i < std::min(first + group, inputs); ++i) {
                    auto const at = static_cast<std::size_t>(i * outputs + o);
                    column.push_back(static_cast<double>(w[at]));
                    error += std::pow(column.back() - static_cast<double>(y[at]), 2);
                }
                CHECK(error == doctest::Approx(least_error<C>(column)).epsilon(1e-5));
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test::fake_quantize_test
