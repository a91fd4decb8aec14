// SPDX-License-Identifier: MIT
#include <spikelet/kernels/matmul.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <kernels/matmul_support.hpp>

namespace spikelet::test::matmul_test {
namespace {

using kernels::Matmul;
using kernels::MatmulSize;

static_assert(Matmul<Serial<>>::workspace({1, 512, 512}) == 0);
static_assert(Matmul<Serial<>>::workspace({31, 512, 512}) == 0);
static_assert(Matmul<Serial<>>::workspace({1024, 512, 512}) > 0);
// The scratch of a large vocabulary stays small.
static_assert(Matmul<Serial<>>::workspace({1024, 768, 50277}) <= 1024 * 1024);

TEST_CASE_TEMPLATE("matmul: all three products equal the naive ones", T, float, double) {
    each_odd_size([](MatmulSize n) { compare_with_naive(DenseProducts<Serial<>, T>{{}, n}); });
}

TEST_CASE_TEMPLATE("matmul: same bits for one and several threads", T, float, double) {
    for (MatmulSize const n : {MatmulSize{1, 700, 900}, MatmulSize{7, 300, 500},
                               MatmulSize{33, 300, 1300}, MatmulSize{300, 517, 259}}) {
        auto const x = random_numbers<T>(n.rows * n.inputs, 1);
        auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
        auto const dy = random_numbers<T>(n.rows * n.outputs, 3);
        DenseProducts<Serial<>, T> one{{}, n};
        for (int const threads : {2, 3}) {
            DenseProducts<OpenMp<>, T> several{{threads}, n};
            CHECK(same_bits(one.forward(x, w), several.forward(x, w)));
            CHECK(same_bits(one.backward_input(dy, w, x), several.backward_input(dy, w, x)));
            CHECK(same_bits(one.backward_weight(x, dy, w), several.backward_weight(x, dy, w)));
        }
    }
}

TEST_CASE_TEMPLATE("matmul: a first gradient has the bits of one that is added to zeros", T, float,
                   double) {
    for (index const rows : {2, 40, 300}) {
        for (index const outputs : {0, 37, 259}) {
            MatmulSize const n{rows, 70, outputs};
            check_first_gradient(DenseProducts<Serial<>, T>{{}, n});
            check_first_gradient(DenseProducts<OpenMp<>, T>{{3}, n});
        }
    }
}

/// The rows of x one by one, or `chunk` at a time.
template <class T>
std::vector<T> forward_by_rows(MatmulSize n, index chunk, std::vector<T> const& x,
                               std::vector<T> const& w) {
    std::vector<T> y;
    for (index r = 0; r < n.rows; r += chunk) {
        index const rows = std::min(chunk, n.rows - r);
        std::vector<T> const some(x.begin() + r * n.inputs, x.begin() + (r + rows) * n.inputs);
        auto const part =
            DenseProducts<Serial<>, T>{{}, {rows, n.inputs, n.outputs}}.forward(some, w);
        y.insert(y.end(), part.begin(), part.end());
    }
    return y;
}

TEST_CASE_TEMPLATE("matmul: same bits row by row and all at once", T, float, double) {
    for (index const rows : {5, 33, 100}) {
        for (index const inputs : {1, 17, 300, 600}) {
            for (index const outputs : {1, 17, 100, 1300}) {
                MatmulSize const n{rows, inputs, outputs};
                auto const x = random_numbers<T>(rows * inputs, 1);
                auto const w = random_numbers<T>(inputs * outputs, 2);
                auto const y = DenseProducts<Serial<>, T>{{}, n}.forward(x, w);
                CHECK(same_bits(y, forward_by_rows(n, 1, x, w)));
                CHECK(same_bits(y, forward_by_rows(n, 7, x, w)));
                CHECK(same_bits(y, forward_by_rows(n, 32, x, w)));
            }
        }
    }
}

#if defined(__FMA__)
TEST_CASE_TEMPLATE("matmul: each element is one ascending chain of fma", T, float, double) {
    for (index const rows : {3, 40}) {
        MatmulSize const n{rows, 300, 37};
        auto const x = random_numbers<T>(n.rows * n.inputs, 1);
        auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
        std::vector<T> chain(static_cast<std::size_t>(n.rows * n.outputs));
        for (index r = 0; r < n.rows; ++r) {
            for (index i = 0; i < n.inputs; ++i) {
                for (index o = 0; o < n.outputs; ++o) {
                    T& y = chain[static_cast<std::size_t>(r * n.outputs + o)];
                    y = std::fma(x[static_cast<std::size_t>(r * n.inputs + i)],
                                 w[static_cast<std::size_t>(i * n.outputs + o)], y);
                }
            }
        }
        CHECK(same_bits(DenseProducts<Serial<>, T>{{}, n}.forward(x, w), chain));
    }
}
#endif

TEST_CASE_TEMPLATE("matmul: gradients of few rows continue the chains of many", T, float, double) {
    MatmulSize const n{40, 70, 90};
    auto const x = random_numbers<T>(n.rows * n.inputs, 1);
    auto const dy = random_numbers<T>(n.rows * n.outputs, 2);
    auto const w = random_numbers<T>(n.inputs * n.outputs, 3);
    DenseProducts<Serial<>, T> all{{}, n};
    DenseProducts<Serial<>, T> some{{}, {20, n.inputs, n.outputs}};
    auto const half = [](std::vector<T> const& v, bool second) {
        auto const middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
        return second ? std::vector<T>(middle, v.end()) : std::vector<T>(v.begin(), middle);
    };
    auto const dw = some.backward_weight(half(x, false), half(dy, false), w);
    CHECK(same_bits(all.backward_weight(x, dy, w),
                    some.backward_weight(half(x, true), half(dy, true), dw)));
    auto const dx = all.backward_input(dy, w, x);
    CHECK(same_bits(half(dx, false), some.backward_input(half(dy, false), w, half(x, false))));
    CHECK(same_bits(half(dx, true), some.backward_input(half(dy, true), w, half(x, true))));
}

TEST_CASE_TEMPLATE("matmul: many zeros among many rows change no bit, for any threads", T, float,
                   double) {
    using Dense = kernels::LinearProducts<T, Serial<>>;
    for (MatmulSize const n : {MatmulSize{32, 300, 200}, {100, 17, 256}, {300, 200, 129}}) {
        for (int const percent : {0, 10, 40}) {
            auto const x = numbers_and_zeros<T>(n.rows * n.inputs, percent, 1);
            auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
            auto const dy = random_numbers<T>(n.rows * n.outputs, 3);
            std::vector<T> y(dy.size());
            auto dw = w;
            std::vector<T> scratch(static_cast<std::size_t>(Dense::workspace(n)));
            Dense::forward({}, n, x.data(), w.data(), y.data(), scratch.data());
            Dense::backward_weight({}, n, x.data(), dy.data(), dw.data(), scratch.data());
            DenseProducts<Serial<>, T> one{{}, n};
            CHECK(same_bits(one.forward(x, w), y));
            CHECK(same_bits(one.backward_weight(x, dy, w), dw));
            DenseProducts<OpenMp<>, T> several{{3}, n};
            CHECK(same_bits(several.forward(x, w), y));
            CHECK(same_bits(several.backward_weight(x, dy, w), dw));
        }
    }
}

TEST_CASE("matmul: what only zeros meet is not read where they are many") {
    MatmulSize const n{64, 40, 256};
    float const infinite = std::numeric_limits<float>::infinity();
    // Input 3 and row 5 of x are 0.
    auto x = numbers_and_zeros<float>(n.rows * n.inputs, 20, 1);
    std::fill_n(x.begin() + 5 * n.inputs, n.inputs, 0.0F);
    for (index r = 0; r < n.rows; ++r) { x[static_cast<std::size_t>(r * n.inputs + 3)] = 0; }
    auto w = random_numbers<float>(n.inputs * n.outputs, 2);
    std::fill_n(w.begin() + 3 * n.outputs, n.outputs, infinite);
    auto dy = random_numbers<float>(n.rows * n.outputs, 3);
    std::fill_n(dy.begin() + 5 * n.outputs, n.outputs, infinite);
    std::vector<float> const dw(w.size());
    auto const finite = [](std::vector<float> const& numbers) {
        return std::all_of(numbers.begin(), numbers.end(),
                           [](float v) { return std::isfinite(v); });
    };
    DenseProducts<Serial<>, float> products{{}, n};
    CHECK(finite(products.forward(x, w)));
    CHECK(finite(products.backward_weight(x, dy, dw)));
    std::replace(x.begin(), x.end(), 0.0F, 1.0F);
    CHECK_FALSE(finite(products.forward(x, w)));
    CHECK_FALSE(finite(products.backward_weight(x, dy, dw)));
}

TEST_CASE("matmul: the gradient where inputs are not 0 is added there alone, or nowhere") {
    using Kernel = Matmul<Serial<>>;
    for (index const rows : {1, 31, 100}) {
        MatmulSize const n{rows, 200, 70};
        auto const x = numbers_and_zeros<float>(rows * 200, 30, 1);
        auto const w = random_numbers<float>(200 * 70, 2);
        auto const dy = random_numbers<float>(rows * 70, 3);
        auto const old = random_numbers<float>(rows * 200, 4);
        std::vector<float> scratch(static_cast<std::size_t>(Kernel::workspace(n)));
        auto dx = old;
        Kernel::backward_active_input(serial, n, dy.data(), w.data(), x.data(), dx.data(),
                                      scratch.data());
        auto expected = as_double(DenseProducts<Serial<>, float>{{}, n}.backward_input(dy, w, old));
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (x[i] == 0) { expected[i] = static_cast<double>(old[i]); }
        }
        CHECK(worst_error(dx, expected, n.outputs) < 1);
        Kernel::backward_active_input(serial, n, dy.data(), w.data(), x.data(), nullptr,
                                      scratch.data());
    }
}

TEST_CASE("matmul: no rows and no inputs are sizes like others") {
    DenseProducts<Serial<>, float> none{{}, {0, 3, 4}};
    CHECK(none.forward({}, std::vector<float>(12)).empty());
    for (index const rows : {2, 40}) {
        DenseProducts<Serial<>, float> empty{{}, {rows, 0, 4}};
        CHECK(same_bits(empty.forward({}, {}),
                        std::vector<float>(static_cast<std::size_t>(rows * 4))));
    }
}

}  // namespace
}  // namespace spikelet::test::matmul_test
