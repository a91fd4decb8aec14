// SPDX-License-Identifier: MIT
#include <spikelet/kernels/spike_matmul.hpp>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test::spike_matmul_test {
namespace {

using kernels::MatmulSize;
using kernels::ProductSize;
using kernels::SpikeMatmul;

template <class Policy, class T>
struct SpikeProducts {
    using Kernel = SpikeMatmul<Policy>;

    Policy policy;
    MatmulSize size;
    std::vector<T> scratch = std::vector<T>(
        static_cast<std::size_t>(std::max(Kernel::template forward_workspace<T>(size),
                                          Kernel::template backward_workspace<T>(size))),
        T(77));

    std::vector<T> forward(std::vector<word> const& s, std::vector<T> const& w) {
        std::vector<T> y(static_cast<std::size_t>(size.rows * size.outputs), T(99));
        Kernel::forward(policy, size, s.data(), w.data(), y.data(), scratch.data());
        return y;
    }
    std::vector<T> backward_weight(std::vector<word> const& s, std::vector<T> const& dy,
                                   std::vector<T> dw) {
        Kernel::backward_weight(policy, size, s.data(), dy.data(), dw.data(), scratch.data());
        return dw;
    }
};

/// Both products against the canonical order, bit for bit, and against double.
template <class Policy, class T>
void compare(Policy policy, MatmulSize n, double density) {
    CAPTURE(n.rows);
    CAPTURE(n.inputs);
    CAPTURE(n.outputs);
    CAPTURE(density);
    RandomSpikes<T> const s(n.rows, n.inputs, density, 1);
    auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
    auto const dy = random_numbers<T>(n.rows * n.outputs, 3);
    SpikeProducts<Policy, T> products{policy, n};

    auto const y = products.forward(s.packed, w);
    ProductSize const ahead{n.rows, n.inputs, n.outputs};
    std::vector<T> const zeros(y.size());
    CHECK(same_bits(y, in_groups(ahead, s.numbers, w, zeros)));
    auto const in_double =
        reference::product(doubles(s.numbers), doubles(w), n.rows, n.inputs, n.outputs);
    CHECK(worst_error(y, in_double, n.inputs) < 1);

    ProductSize const back{n.inputs, n.rows, n.outputs};
    CHECK(same_bits(products.backward_weight(s.packed, dy, w),
                    in_groups(back, s.transposed(), dy, w)));
}

TEST_CASE_TEMPLATE("spike_matmul: sums of groups of four, whatever the density", T, float, double) {
    for (double const density : {0.0, 0.02, 0.2, 1.0}) {
        each_odd_size([=](MatmulSize n) { compare<Serial<>, T>({}, n, density); });
    }
}

TEST_CASE_TEMPLATE("spike_matmul: same bits for several threads", T, float, double) {
    for (int const threads : {2, 3}) {
        for (MatmulSize const n : {MatmulSize{1, 1500, 3000}, MatmulSize{3, 700, 900},
                                   MatmulSize{200, 1100, 300}, MatmulSize{1100, 130, 90}}) {
            for (double const density : {0.02, 0.2, 0.9}) {
                compare<OpenMp<>, T>({threads}, n, density);
            }
        }
    }
}

TEST_CASE_TEMPLATE("spike_matmul: rows whose densities differ", T, float, double) {
    MatmulSize const n{2100, 70, 40};
    RandomSpikes<T> s(n.rows, n.inputs, 0.03, 1);
    s.replace(0, RandomSpikes<T>(1024, n.inputs, 0.95, 2));
    s.replace(1024, RandomSpikes<T>(1024, n.inputs, 0.2, 3));
    auto const w = random_numbers<T>(n.inputs * n.outputs, 4);
    std::vector<T> const zeros(static_cast<std::size_t>(n.rows * n.outputs));
    CHECK(same_bits(SpikeProducts<Serial<>, T>{{}, n}.forward(s.packed, w),
                    in_groups({n.rows, n.inputs, n.outputs}, s.numbers, w, zeros)));
}

TEST_CASE("spike_matmul: same bits row by row and all at once") {
    MatmulSize const n{100, 1100, 330};
    for (double const density : {0.1, 0.7}) {
        RandomSpikes<float> const s(n.rows, n.inputs, density, 1);
        auto const w = random_numbers<float>(n.inputs * n.outputs, 2);
        auto const y = SpikeProducts<Serial<>, float>{{}, n}.forward(s.packed, w);
        auto const words = Element<bit>::row_units(n.inputs);
        for (index r = 0; r < n.rows; ++r) {
            auto const from = s.packed.begin() + r * words;
            auto const one = SpikeProducts<Serial<>, float>{{}, {1, n.inputs, n.outputs}}.forward(
                {from, from + words}, w);
            CHECK(same_bits(one, {y.begin() + r * n.outputs, y.begin() + (r + 1) * n.outputs}));
        }
    }
}

TEST_CASE("spike_matmul: weights of silent inputs may be infinite") {
    for (index const rows : {1, 100}) {
        MatmulSize const n{rows, 10, 40};
        RandomSpikes<float> s(rows, n.inputs, 0.0, 1);
        // All but inputs 4 and 6 to 9 fire.
        for (index r = 0; r < rows; ++r) { s.packed[static_cast<std::size_t>(r)] = 0x2F; }
        std::vector<float> w(static_cast<std::size_t>(n.inputs * n.outputs), 1.0F);
        std::fill_n(w.begin() + 4 * n.outputs, n.outputs, std::numeric_limits<float>::infinity());
        auto const y = SpikeProducts<Serial<>, float>{{}, n}.forward(s.packed, w);
        CHECK(std::all_of(y.begin(), y.end(), [](float sum) { return sum == 5.0F; }));
    }
}

TEST_CASE("spike_matmul: what no spike reaches stays, -0 too") {
    for (index const rows : {1, 100}) {
        MatmulSize const n{rows, 70, 40};
        RandomSpikes<float> const s(rows, n.inputs, 0.0, 1);
        std::vector<float> const dw(static_cast<std::size_t>(n.inputs * n.outputs), -0.0F);
        auto const dy = random_numbers<float>(n.rows * n.outputs, 2);
        CHECK(
            same_bits(SpikeProducts<Serial<>, float>{{}, n}.backward_weight(s.packed, dy, dw), dw));
    }
}

}  // namespace
}  // namespace spikelet::test::spike_matmul_test
