// SPDX-License-Identifier: MIT
#include <spikelet/kernels/quantize.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <kernels/quantized_support.hpp>
#include <support/numbers.hpp>

namespace spikelet::test::quantize_test {
namespace {

using kernels::code_units;
using kernels::scale_groups;
using kernels::to_bf16;

static_assert(code_units<bf16>(3, 65) == 195);
static_assert(code_units<std::int8_t>(3, 65) == 195);
static_assert(code_units<int4>(3, 65) == 99);
static_assert(code_units<trit>(3, 65) == 12);
static_assert(scale_groups(128, 64) == 2 && scale_groups(129, 64) == 3 && scale_groups(5, 5) == 1);

/// Calls f(inputs, outputs, group) for sizes around the edges of words and groups.
template <class F>
void each_size(F&& f) {
    for (index const outputs : {1, 2, 15, 63, 64, 65, 130}) {
        for (index const inputs : {1, 63, 64, 65, 200}) {
            CAPTURE(outputs);
            CAPTURE(inputs);
            f(inputs, outputs, index{64});
            f(inputs, outputs, inputs);
        }
    }
}

/// The squared error that a scale brings to a column, each number rounded to the nearest code.
template <kernels::Code C>
double error_of(std::vector<float> const& column, float scale) {
    double error = 0;
    for (float const w : column) {
        double const nearest =
            scale > 0 ? std::nearbyint(static_cast<double>(w) / static_cast<double>(scale)) : 0.0;
        double const most = largest_code<C>;
        error += std::pow(static_cast<double>(w) -
                              std::clamp(nearest, -most, most) * static_cast<double>(scale),
                          2);
    }
    return error;
}

/// Calls f(column, scale) for each column of each group.
template <kernels::Code C, class F>
void each_column(QuantizedWeights<C> const& q, std::vector<float> const& w, F&& f) {
    for (index first = 0; first < q.inputs; first += q.group) {
        for (index o = 0; o < q.outputs; ++o) {
            std::vector<float> column;
            for (index i = first; i < std::min(first + q.group, q.inputs); ++i) {
                column.push_back(w[static_cast<std::size_t>(i * q.outputs + o)]);
            }
            f(column, q.scale(first, o));
        }
    }
}

float largest(std::vector<float> const& numbers) {
    float most = 0;
    for (float const x : numbers) { most = std::max(most, std::abs(x)); }
    return most;
}

TEST_CASE_TEMPLATE("quantize: every number has the code that is nearest", C, std::int8_t, int4,
                   trit) {
    each_size([](index inputs, index outputs, index group) {
        auto const w = random_numbers<float>(inputs * outputs, 1);
        auto const q = quantized<C>(w, inputs, outputs, group);
        bool right = true;
        for (index i = 0; i < inputs; ++i) {
            for (index o = 0; o < outputs; ++o) {
                float const number = w[static_cast<std::size_t>(i * outputs + o)];
                float const scale = q.scale(i, o);
                int const code = q.code(i, o);
                int const nearest = std::is_same_v<C, trit>
                                        ? (std::abs(number) > scale / 2 ? (number > 0 ? 1 : -1) : 0)
                                        : static_cast<int>(std::nearbyint(number / scale));
                right = right && scale > 0 && std::abs(code) <= largest_code<C> &&
                        code == std::clamp(nearest, -largest_code<C>, largest_code<C>);
            }
        }
        CHECK(right);
    });
}

TEST_CASE("quantize: the scale of int8 brings the largest number to 127") {
    each_size([](index inputs, index outputs, index group) {
        auto const w = random_numbers<float>(inputs * outputs, 2);
        each_column(quantized<std::int8_t>(w, inputs, outputs, group), w,
                    [](std::vector<float> const& column, float scale) {
                        CHECK(scale == largest(column) / 127);
                    });
    });
}

TEST_CASE("quantize: no scale of the grid is better than that of int4") {
    each_size([](index inputs, index outputs, index group) {
        auto const w = random_numbers<float>(inputs * outputs, 3);
        each_column(quantized<int4>(w, inputs, outputs, group), w,
                    [](std::vector<float> const& column, float scale) {
                        bool best = true;
                        for (int f = 70; f <= 100; f += 2) {
                            float const other = static_cast<float>(f) / 100 * largest(column) / 7;
                            best = best && error_of<int4>(column, scale) <=
                                               error_of<int4>(column, other) * (1 + 1e-4) + 1e-9;
                        }
                        CHECK(best);
                    });
    });
}

TEST_CASE("quantize: no scale of the grid is better than that of trits") {
    each_size([](index inputs, index outputs, index group) {
        auto const w = random_numbers<float>(inputs * outputs, 4);
        each_column(quantized<trit>(w, inputs, outputs, group), w,
                    [](std::vector<float> const& column, float scale) {
                        float mean = 0;
                        for (float const x : column) { mean += std::abs(x); }
                        mean /= static_cast<float>(column.size());
                        bool best = true;
                        for (int f = 60; f <= 180; f += 5) {
                            float const other = static_cast<float>(f) / 100 * mean;
                            best = best && error_of<trit>(column, scale) <=
                                               error_of<trit>(column, other) * (1 + 1e-4) + 1e-9;
                        }
                        CHECK(best);
                    });
    });
}

/// Small whole numbers times a scale per column and group; the largest code is in each column.
template <kernels::Code C>
std::vector<float> representable(index inputs, index outputs, index group) {
    auto w = random_whole_numbers(inputs * outputs, largest_code<C>, 5);
    for (index i = 0; i < inputs; ++i) {
        for (index o = 0; o < outputs; ++o) {
            float& number = w[static_cast<std::size_t>(i * outputs + o)];
            if (i % group == 0) { number = static_cast<float>(largest_code<C>); }
            number *= static_cast<float>(1 + o + i / group) / 1024;
        }
    }
    return w;
}

TEST_CASE_TEMPLATE("quantize: what few bits can hold comes back exactly", C, std::int8_t, int4,
                   trit) {
    each_size([](index inputs, index outputs, index group) {
        auto const w = representable<C>(inputs, outputs, group);
        CHECK(same_bits(quantized<C>(w, inputs, outputs, group).decoded(), w));
    });
}

TEST_CASE_TEMPLATE("quantize: zeros have scale 0 and codes 0", C, std::int8_t, int4, trit) {
    std::vector<float> w(100 * 3, 0.0F);
    w[7] = -0.0F;
    w[1] = 5.0F;  // one column has a number, in its first group
    auto const q = quantized<C>(w, 100, 3, 64);
    for (index i = 0; i < 100; ++i) {
        CHECK(q.code(i, 0) == 0);
        CHECK(q.scale(i, 0) == 0.0F);
        CHECK((q.code(i, 1) != 0) == (i == 0));
        CHECK((q.scale(i, 1) > 0) == (i < 64));
    }
    CHECK(q.decoded()[0] == 0.0F);
    CHECK(std::abs(q.decoded()[1] - 5.0F) < 1e-5F);
}

TEST_CASE_TEMPLATE("quantize: the largest and the smallest numbers have codes, too", C, std::int8_t,
                   int4, trit) {
    for (float const size : {std::numeric_limits<float>::max() / 2,
                             std::numeric_limits<float>::denorm_min(), 1e-42F}) {
        std::vector<float> const w{size, -size, size, 0.0F};
        auto const q = quantized<C>(w, 4, 1, 4);
        CHECK(std::isfinite(q.scale(0, 0)));
        for (float const number : q.decoded()) { CHECK(std::isfinite(number)); }
        CHECK(q.code(0, 0) == -q.code(1, 0));
        CHECK(q.code(3, 0) == 0);
        if (size > 1) { CHECK(q.code(0, 0) == largest_code<C>); }
    }
}

TEST_CASE("quantize: what pads a row is code 0") {
    auto const w = random_numbers<float>(3 * 65, 6);
    auto const nibbles = quantized<int4>(w, 3, 65, 3);
    auto const trits = quantized<trit>(w, 3, 65, 3);
    for (index i = 0; i < 3; ++i) {
        CHECK(Element<int4>::at(nibbles.row(i), 65) == 0);
        CHECK((trits.row(i)[2] >> 1) == 0);
        CHECK((trits.row(i)[3] >> 1) == 0);
    }
}

TEST_CASE("quantize: bf16 is the nearest, ties to even") {
    CHECK(to_bf16(1.0F).bits == 0x3F80);
    CHECK(to_bf16(-0.0F).bits == 0x8000);
    CHECK(to_bf16(1.00390625F).bits == 0x3F80);  // half-way between 1 and the next
    CHECK(to_bf16(1.01171875F).bits == 0x3F82);  // half-way, the lower one is odd
    CHECK(to_bf16(std::nextafter(1.00390625F, 2.0F)).bits == 0x3F81);
    CHECK(to_bf16(std::numeric_limits<float>::max()).bits == 0x7F80);
    CHECK(to_bf16(-std::numeric_limits<float>::infinity()).bits == 0xFF80);
    for (std::uint32_t const bits : {0x7FC00000U, 0x7F800001U, 0xFFFFFFFFU}) {
        CHECK(std::isnan(static_cast<float>(to_bf16(std::bit_cast<float>(bits)))));
    }
    each_size([](index inputs, index outputs, index group) {
        auto const w = random_numbers<float>(inputs * outputs, 7);
        auto const once = quantized<bf16>(w, inputs, outputs, group).decoded();
        bool near = true;
        for (std::size_t i = 0; i < w.size(); ++i) {
            near = near && std::abs(once[i] - w[i]) <= std::abs(w[i]) / 256;
        }
        CHECK(near);
        CHECK(same_bits(quantized<bf16>(once, inputs, outputs, group).decoded(), once));
    });
}

TEST_CASE_TEMPLATE("quantize: the largest numbers that are encodable come back finite", C, bf16,
                   std::int8_t, int4, trit) {
    float const most = kernels::largest_encodable<C>;
    std::vector<float> const w{most, -most, 0, 1};
    CHECK(kernels::encodable<C>(w.data(), 4));
    for (float const number : quantized<C>(w, 4, 1, 4).decoded()) { CHECK(std::isfinite(number)); }
    float const infinity = std::numeric_limits<float>::infinity();
    for (float const bad : {std::nextafter(most, infinity), -std::nextafter(most, infinity),
                            infinity, std::numeric_limits<float>::quiet_NaN()}) {
        std::vector<float> const numbers{1, bad, 0};
        CHECK_FALSE(kernels::encodable<C>(numbers.data(), 3));
    }
}

TEST_CASE("quantize: bf16 and float have room for larger numbers than codes with scales") {
    float const largest = std::numeric_limits<float>::max();
    CHECK(kernels::largest_encodable<float> == largest);
    CHECK(kernels::largest_encodable<std::int8_t> == largest / 2);
    float const most = kernels::largest_encodable<bf16>;
    CHECK(to_bf16(most).bits == 0x7F7F);
    CHECK(to_bf16(std::nextafter(most, largest)).bits == 0x7F80);
    CHECK(kernels::encodable<float>(&largest, 1));
    CHECK_FALSE(kernels::encodable<bf16>(&largest, 1));
}

TEST_CASE_TEMPLATE("quantize: empty matrices", C, bf16, std::int8_t, int4, trit) {
    CHECK(quantized<C>({}, 0, 5, 64).decoded().empty());
    CHECK(quantized<C>({}, 5, 0, 64).decoded().empty());
}

}  // namespace
}  // namespace spikelet::test::quantize_test
