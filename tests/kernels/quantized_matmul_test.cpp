// SPDX-License-Identifier: MIT
#include <spikelet/kernels/quantized_matmul.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <kernels/matmul_support.hpp>
#include <kernels/quantized_support.hpp>
#include <support/threads.hpp>

namespace spikelet::test::quantized_matmul_test {
namespace {

using kernels::MatmulSize;
using kernels::QuantizedMatmul;

template <class Policy, kernels::Code C, bool AtOnce = simd::has_dot_quads<Policy>>
std::vector<float> product(Policy policy, MatmulSize n, std::vector<float> const& x,
                           QuantizedWeights<C> const& w) {
    using Kernel = QuantizedMatmul<C, Policy, AtOnce>;
    std::vector<float> y(static_cast<std::size_t>(n.rows * n.outputs), 99.0F);
    // Floats, for their alignment.
    std::vector<float> scratch(static_cast<std::size_t>(Kernel::workspace(n) / 4 + 1), 77.0F);
    Kernel::forward(policy, n, x.data(), w.view(), y.data(),
                    reinterpret_cast<std::byte*>(scratch.data()));
    return y;
}

float fused(float a, float b, float c) {
#if defined(__FMA__)
    return std::fma(a, b, c);
#else
    return a * b + c;
#endif
}

/// One row by the definition.
template <kernels::Code C>
void reference_row(float const* x, QuantizedWeights<C> const& w, float* y) {
    float most = 0;
    for (index i = 0; i < w.inputs; ++i) { most = std::max(most, std::abs(x[i])); }
    float const step = most / 127;
    std::vector<std::int64_t> codes;
    for (index i = 0; i < w.inputs; ++i) {
        codes.push_back(step > 0 ? std::lrint(std::clamp(x[i] / step, -127.0F, 127.0F)) : 0);
    }
    for (index o = 0; o < w.outputs; ++o) {
        float sum = 0;
        for (index begin = 0; begin < w.inputs; begin += w.group) {
            std::int64_t whole = 0;
            for (index i = begin; i < std::min(begin + w.group, w.inputs); ++i) {
                whole += codes[static_cast<std::size_t>(i)] * w.code(i, o);
            }
            sum = fused(w.scale(begin, o), static_cast<float>(whole), sum);
        }
        y[o] = step * sum;
    }
}

template <kernels::Code C>
std::vector<float> reference_product(MatmulSize n, std::vector<float> const& x,
                                     QuantizedWeights<C> const& w) {
    std::vector<float> y(static_cast<std::size_t>(n.rows * n.outputs));
    for (index r = 0; r < n.rows; ++r) {
        reference_row(x.data() + r * n.inputs, w, y.data() + r * n.outputs);
    }
    return y;
}

/// Calls f(inputs, outputs, group) for sizes around the edges of words, panels and groups.
template <class F>
void each_weight_size(F&& f) {
    for (index const outputs : {1, 15, 16, 17, 63, 64, 65, 127, 129, 200}) {
        for (index const inputs : {1, 3, 15, 64, 65, 200}) {
            CAPTURE(outputs);
            CAPTURE(inputs);
            f(inputs, outputs, inputs);
            if (inputs >= 64) { f(inputs, outputs, index{64}); }
        }
    }
}

TEST_CASE_TEMPLATE("quantized_matmul: the bits of the exact sums", C, std::int8_t, int4, trit) {
    each_weight_size([](index inputs, index outputs, index group) {
        auto const w = random_weights<C>(inputs, outputs, group, 1);
        for (index const rows : {1, 3, 17, 70}) {
            MatmulSize const n{rows, inputs, outputs};
            auto const x = random_numbers<float>(rows * inputs, 2);
            auto const expected = reference_product(n, x, w);
            CHECK(same_bits(product(serial, n, x, w), expected));
            CHECK(same_bits(product<Serial<>, C, false>(serial, n, x, w), expected));
        }
    });
}

TEST_CASE_TEMPLATE("quantized_matmul: zeros of a row alone are left out", C, std::int8_t, int4,
                   trit) {
    auto const check = [](index inputs, index outputs, index group, index kept) {
        auto w = random_weights<C>(inputs, outputs, group, 1);
        auto x = random_numbers<float>(inputs, 2);
        Rng rng(3);
        for (float& number : x) { number = rng.below(16) < kept ? number : 0.0F; }
        MatmulSize const n{1, inputs, outputs};
        auto const expected = reference_product(n, x, w);
        CHECK(same_bits(product(serial, n, x, w), expected));
        CHECK(same_bits(product<Serial<>, C, false>(serial, n, x, w), expected));
    };
    for (index const kept : {0, 1, 5, 12}) {
        each_weight_size(
            [&](index inputs, index outputs, index group) { check(inputs, outputs, group, kept); });
        check(3000, 130, 3000, kept);  // longer than what is listed at once
        check(2500, 70, 1280, kept);
    }
}

TEST_CASE_TEMPLATE("quantized_matmul: same bits for one and several threads", C, bf16, std::int8_t,
                   int4, trit) {
    for (MatmulSize const n : {MatmulSize{1, 800, 2001}, MatmulSize{3, 500, 1300},
                               MatmulSize{17, 200, 2111}, MatmulSize{70, 300, 1111}}) {
        auto x = random_numbers<float>(n.rows * n.inputs, 1);
        auto const w = random_weights<C>(n.inputs, n.outputs, 128, 2);
        check_threads([&](auto policy) { return bits_of(product(policy, n, x, w)); });
        for (float& number : x) { number = std::max(number, 0.0F); }
        check_threads([&](auto policy) { return bits_of(product(policy, n, x, w)); });
    }
}

std::vector<float> slice(std::vector<float> const& v, index begin, index count) {
    return {v.begin() + begin, v.begin() + begin + count};
}

TEST_CASE_TEMPLATE("quantized_matmul: a row alone has the bits that it has among others", C, bf16,
                   std::int8_t, int4, trit) {
    // Long enough that weights are stored in several parts.
    MatmulSize const n{70, 700, 200};
    auto const x = random_numbers<float>(n.rows * n.inputs, 1);
    for (index const group : {index{64}, n.inputs}) {
        auto const w = random_weights<C>(n.inputs, n.outputs, group, 2);
        auto const all = product(serial, n, x, w);
        for (index const rows : {1, 7, 35}) {
            for (index r = 0; r < n.rows; r += rows) {
                auto const some = slice(x, r * n.inputs, rows * n.inputs);
                CHECK(same_bits(product(serial, {rows, n.inputs, n.outputs}, some, w),
                                slice(all, r * n.outputs, rows * n.outputs)));
            }
        }
    }
}

TEST_CASE("quantized_matmul: bf16 has the bits of the dense product with widened weights") {
    each_odd_size([](MatmulSize n) {
        auto const x = random_numbers<float>(n.rows * n.inputs, 1);
        auto const w = random_weights<bf16>(n.inputs, n.outputs, n.inputs, 2);
        CHECK(same_bits(product(serial, n, x, w),
                        DenseProducts<Serial<>, float>{{}, n}.forward(x, w.decoded())));
    });
}

TEST_CASE("quantized_matmul: a row times bf16 reads no weights that meet a zero") {
    MatmulSize const n{1, 1100, 77};
    auto const w = random_weights<bf16>(n.inputs, n.outputs, n.inputs, 2);
    for (index const every : {1, 2, 3, 4, 50, 2000}) {
        auto x = random_numbers<float>(n.inputs, 1);
        for (index i = 0; i < n.inputs; ++i) {
            if (i % every != every - 1) { x[static_cast<std::size_t>(i)] = 0; }
        }
        Work work;
        auto const y = product(counting(work), n, x, w);
        CHECK(same_bits(y, DenseProducts<Serial<>, float>{{}, n}.forward(x, w.decoded())));
        index const read = every < 3 ? n.inputs : n.inputs / every;
        CHECK(work.weight_bytes == 2 * read * n.outputs);
        CHECK(work.skipped == (n.inputs - read) * n.outputs);
    }
}

TEST_CASE_TEMPLATE("quantized_matmul: no sum of the largest codes overflows", C, std::int8_t, int4,
                   trit) {
    // Longer than what is added up at once; more rows than those that weights pass by.
    for (MatmulSize const n : {MatmulSize{2, 70001, 7}, MatmulSize{26, 3001, 7}}) {
        std::vector<float> x(static_cast<std::size_t>(n.rows * n.inputs), 3.0F);
        std::fill_n(x.begin(), n.inputs, -2.0F);
        QuantizedWeights<C> w{n.inputs, n.outputs, n.inputs};
        w.scales.assign(w.scales.size(), 0.5F / largest_code<C>);
        if constexpr (std::is_same_v<C, int4>) { std::fill(w.codes.begin(), w.codes.end(), 0x88); }
        for (index i = 0; i < n.inputs; ++i) {
            for (index o = 0; o < n.outputs; ++o) {
                set_code(w, i, o, o % 2 == 0 ? -largest_code<C> : largest_code<C>);
            }
        }
        auto const y = product(serial, n, x, w);
        CHECK(same_bits(y, product<Serial<>, C, false>(serial, n, x, w)));
        for (std::size_t i = 0; i < y.size(); ++i) {
            double const column = (i % 7 % 2 == 0 ? -0.5 : 0.5) * static_cast<double>(n.inputs);
            double const result = static_cast<double>(y[i]);
            CHECK(result == doctest::Approx(column * (i < 7 ? -2 : 3)).epsilon(1e-6));
        }
    }
}

TEST_CASE_TEMPLATE("quantized_matmul: every code counts as what it is", C, std::int8_t, int4,
                   trit) {
    // The largest codes in one input, any in another: all scales are 1, the second is the result.
    index const outputs = 300;
    auto numbers = random_whole_numbers(2 * outputs, largest_code<C>, 3);
    std::fill_n(numbers.begin(), outputs, static_cast<float>(largest_code<C>));
    auto const y =
        product(serial, {1, 2, outputs}, {0.0F, 127.0F}, quantized<C>(numbers, 2, outputs, 2));
    for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
        CHECK(y[o] == 127 * numbers[static_cast<std::size_t>(outputs) + o]);
    }
}

TEST_CASE_TEMPLATE("quantized_matmul: zeros, huge and tiny numbers", C, std::int8_t, int4, trit) {
    MatmulSize const n{4, 100, 33};
    auto const w = random_weights<C>(n.inputs, n.outputs, 64, 1);
    auto x = random_numbers<float>(n.rows * n.inputs, 2);
    std::array<float, 4> const sizes{0.0F, 1e34F, 1e-38F, 1e-45F};
    for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] *= sizes[i / static_cast<std::size_t>(n.inputs)];
    }
    auto const y = product(serial, n, x, w);
    CHECK(same_bits(y, reference_product(n, x, w)));
    CHECK(std::all_of(y.begin(), y.end(), [](float v) { return std::isfinite(v); }));
}

TEST_CASE_TEMPLATE("quantized_matmul: what is no number stays none, in its row", C, std::int8_t,
                   int4, trit) {
    MatmulSize const n{3, 100, 33};
    auto const w = random_weights<C>(n.inputs, n.outputs, 64, 1);
    auto x = random_numbers<float>(n.rows * n.inputs, 2);
    x[150] = std::numeric_limits<float>::quiet_NaN();
    x[250] = -std::numeric_limits<float>::infinity();
    auto const y = product(serial, n, x, w);
    for (std::size_t i = 0; i < y.size(); ++i) { CHECK(std::isfinite(y[i]) == (i < 33)); }
}

TEST_CASE_TEMPLATE("quantized_matmul: near the product of the numbers", C, bf16, std::int8_t) {
    MatmulSize const n{3, 768, 65};
    auto const x = random_numbers<float>(n.rows * n.inputs, 1);
    auto const numbers = random_numbers<float>(n.inputs * n.outputs, 2);
    auto const w = quantized<C>(numbers, n.inputs, n.outputs, n.inputs);
    auto const y = product(serial, n, x, w);
    auto const exact = DenseProducts<Serial<>, float>{{}, n}.forward(x, numbers);
    for (std::size_t i = 0; i < y.size(); ++i) {
        CHECK(std::abs(y[i] - exact[i]) < 0.05F * std::sqrt(768.0F));
    }
}

TEST_CASE_TEMPLATE("quantized_matmul: no row, no input, no output", C, bf16, std::int8_t, int4,
                   trit) {
    auto const none = quantized<C>({}, 0, 3, 64);
    CHECK(product(serial, {2, 0, 3}, {}, none) == std::vector<float>(6, 0.0F));
    CHECK(product(serial, {0, 0, 3}, {}, none).empty());
    CHECK(
        product(serial, {2, 3, 0}, std::vector<float>(6, 1.0F), quantized<C>({}, 3, 0, 3)).empty());
}

}  // namespace
}  // namespace spikelet::test::quantized_matmul_test
