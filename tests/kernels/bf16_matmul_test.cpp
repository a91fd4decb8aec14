// SPDX-License-Identifier: MIT
#include <spikelet/kernels/bf16_matmul.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/io/half.hpp>

#include <kernels/matmul_support.hpp>

namespace spikelet::test::bf16_matmul_test {
namespace {

using kernels::MatmulSize;

template <class Policy>
using Products = DenseProducts<Policy, float, kernels::Bf16Matmul<Policy>>;

std::vector<float> rounded(std::vector<float> numbers) {
    for (float& x : numbers) { x = float_from_bfloat16(bfloat16_from_float(x)); }
    return numbers;
}

TEST_CASE("bf16_matmul: all three products equal the naive ones of rounded factors") {
    each_odd_size([](MatmulSize n) { compare_with_naive(Products<Serial<>>{{}, n}, rounded); });
}

TEST_CASE("bf16_matmul: same bits for one and several threads") {
    for (MatmulSize const n : {MatmulSize{1, 700, 900}, MatmulSize{7, 301, 501},
                               MatmulSize{33, 300, 1300}, MatmulSize{301, 517, 259}}) {
        auto const x = random_numbers<float>(n.rows * n.inputs, 1);
        auto const w = random_numbers<float>(n.inputs * n.outputs, 2);
        auto const dy = random_numbers<float>(n.rows * n.outputs, 3);
        Products<Serial<>> one{{}, n};
        for (int const threads : {2, 3}) {
            Products<OpenMp<>> several{{threads}, n};
            CHECK(same_bits(one.forward(x, w), several.forward(x, w)));
            CHECK(same_bits(one.backward_input(dy, w, x), several.backward_input(dy, w, x)));
            CHECK(same_bits(one.backward_weight(x, dy, w), several.backward_weight(x, dy, w)));
        }
    }
}

TEST_CASE("bf16_matmul: a first gradient has the bits of one that is added to zeros") {
    for (index const rows : {2, 40, 300}) {
        for (index const outputs : {0, 37, 259}) {
            MatmulSize const n{rows, 70, outputs};
            check_first_gradient(Products<Serial<>>{{}, n});
            check_first_gradient(Products<OpenMp<>>{{3}, n});
        }
    }
}

TEST_CASE("bf16_matmul: each element is one chain of pairs, for few rows and for many") {
    for (index const rows : {1, 3, 40}) {
        for (index const inputs : {300, 1101}) {
            MatmulSize const n{rows, inputs, 37};
            auto const x = random_numbers<float>(n.rows * n.inputs, 1);
            auto const w = random_numbers<float>(n.inputs * n.outputs, 2);
            auto const xr = rounded(x);
            auto const wr = rounded(w);
            std::vector<float> chain(static_cast<std::size_t>(n.rows * n.outputs));
            for (index r = 0; r < n.rows; ++r) {
                for (index o = 0; o < n.outputs; ++o) {
                    float& y = chain[static_cast<std::size_t>(r * n.outputs + o)];
                    auto const add = [&](index i) {
                        if (i < n.inputs) {
                            y = std::fma(xr[static_cast<std::size_t>(r * n.inputs + i)],
                                         wr[static_cast<std::size_t>(i * n.outputs + o)], y);
                        }
                    };
                    for (index i = 0; i < n.inputs; i += 2) {
                        add(i + 1);
                        add(i);
                    }
                }
            }
            CHECK(same_bits(Products<Serial<>>{{}, n}.forward(x, w), chain));
        }
    }
}

TEST_CASE("bf16_matmul: the gradients of few rows are those of many") {
    MatmulSize const n{40, 71, 90};
    MatmulSize const half{20, 71, 90};
    auto const x = random_numbers<float>(n.rows * n.inputs, 1);
    auto const dy = random_numbers<float>(n.rows * n.outputs, 2);
    auto const w = random_numbers<float>(n.inputs * n.outputs, 3);
    auto const part = [](std::vector<float> const& v, bool second) {
        auto const middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
        return second ? std::vector<float>(middle, v.end()) : std::vector<float>(v.begin(), middle);
    };
    Products<Serial<>> all{{}, n};
    Products<Serial<>> some{{}, half};
    auto const dw = some.backward_weight(part(x, false), part(dy, false), w);
    CHECK(same_bits(all.backward_weight(x, dy, w),
                    some.backward_weight(part(x, true), part(dy, true), dw)));
    auto const dx = all.backward_input(dy, w, x);
    for (bool const second : {false, true}) {
        CHECK(
            same_bits(part(dx, second), some.backward_input(part(dy, second), w, part(x, second))));
    }
}

TEST_CASE("bf16_matmul: no rows and no inputs are sizes like others") {
    Products<Serial<>> none{{}, {0, 3, 4}};
    CHECK(none.forward({}, std::vector<float>(12)).empty());
    for (index const rows : {2, 40}) {
        Products<Serial<>> empty{{}, {rows, 0, 4}};
        CHECK(same_bits(empty.forward({}, {}),
                        std::vector<float>(static_cast<std::size_t>(rows * 4))));
    }
}

}  // namespace
}  // namespace spikelet::test::bf16_matmul_test
