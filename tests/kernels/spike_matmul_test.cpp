// SPDX-License-Identifier: MIT
#include <spikelet/kernels/spike_matmul.hpp>

#include <doctest/doctest.h>

#include <kernels/matmul_support.hpp>

namespace spikelet::test {
namespace {

using kernels::MatmulSize;
using kernels::SpikeMatmul;

/// Rows of packed spikes, and the same as numbers.
template <class T>
struct RandomSpikes {
    std::vector<word> packed;
    std::vector<T> numbers;

    RandomSpikes(index rows, index inputs, double density, std::uint64_t seed) {
        Rng rng(seed);
        std::vector<int> flags(static_cast<std::size_t>(rows * inputs));
        std::generate(flags.begin(), flags.end(), [&] { return rng.uniform() < density; });
        numbers.assign(flags.begin(), flags.end());
        index const words = Element<bit>::row_units(inputs);
        packed.resize(static_cast<std::size_t>(rows * words));
        for (index r = 0; r < rows; ++r) {
            pack(flags.data() + r * inputs, inputs, packed.data() + r * words);
        }
    }
};

template <class Policy, class T>
struct SpikeProducts {
    Policy policy;
    MatmulSize size;
    std::vector<T> scratch =
        std::vector<T>(static_cast<std::size_t>(SpikeMatmul<Policy>::workspace(size)), T(77));

    std::vector<T> forward(std::vector<word> const& s, std::vector<T> const& w) {
        std::vector<T> y(static_cast<std::size_t>(size.rows * size.outputs), T(99));
        SpikeMatmul<Policy>::forward(policy, size, s.data(), w.data(), y.data(), scratch.data());
        return y;
    }
    std::vector<T> backward_weight(std::vector<word> const& s, std::vector<T> const& dy,
                                   std::vector<T> dw) {
        SpikeMatmul<Policy>::backward_weight(policy, size, s.data(), dy.data(), dw.data(),
                                             scratch.data());
        return dw;
    }
};

template <class Policy, class T>
void compare_with_dense(Policy policy, MatmulSize n, double density) {
    CAPTURE(n.rows);
    CAPTURE(n.inputs);
    CAPTURE(n.outputs);
    CAPTURE(density);
    RandomSpikes<T> const s(n.rows, n.inputs, density, 1);
    auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
    auto const dy = random_numbers<T>(n.rows * n.outputs, 3);
    DenseProducts<Serial<>, T> dense{{}, n};
    SpikeProducts<Policy, T> spiking{policy, n};
    CHECK(same_bits(spiking.forward(s.packed, w), dense.forward(s.numbers, w)));
    CHECK(same_bits(spiking.backward_weight(s.packed, dy, w),
                    dense.backward_weight(s.numbers, dy, w)));
}

TEST_CASE_TEMPLATE("spike_matmul: same bits as the dense products of 0 and 1", T, float, double) {
    for (double const density : {0.0, 0.02, 0.2, 1.0}) {
        each_odd_size([=](MatmulSize n) { compare_with_dense<Serial<>, T>({}, n, density); });
    }
}

TEST_CASE_TEMPLATE("spike_matmul: same bits for several threads", T, float, double) {
    for (int const threads : {2, 3}) {
        for (MatmulSize const n : {MatmulSize{1, 1500, 3000}, MatmulSize{3, 700, 900},
                                   MatmulSize{200, 1100, 300}, MatmulSize{1100, 130, 90}}) {
            compare_with_dense<OpenMp<>, T>({threads}, n, 0.2);
            compare_with_dense<OpenMp<>, T>({threads}, n, 0.9);
        }
    }
}

TEST_CASE_TEMPLATE("spike_matmul: same bits row by row and all at once", T, float, double) {
    MatmulSize const n{100, 1100, 330};
    for (double const density : {0.1, 0.7}) {
        RandomSpikes<T> const s(n.rows, n.inputs, density, 1);
        auto const w = random_numbers<T>(n.inputs * n.outputs, 2);
        auto const y = SpikeProducts<Serial<>, T>{{}, n}.forward(s.packed, w);
        auto const words = Element<bit>::row_units(n.inputs);
        for (index r = 0; r < n.rows; ++r) {
            auto const from = s.packed.begin() + r * words;
            auto const one = SpikeProducts<Serial<>, T>{{}, {1, n.inputs, n.outputs}}.forward(
                {from, from + words}, w);
            CHECK(same_bits(one, {y.begin() + r * n.outputs, y.begin() + (r + 1) * n.outputs}));
        }
    }
}

TEST_CASE("spike_matmul: a tile of bits is transposed") {
    Rng rng(1);
    kernels::BitTile tile{};
    for (word& row : tile) { row = rng.bits(); }
    kernels::BitTile const before = tile;
    kernels::transpose<Serial<>>(tile);
    for (std::size_t r = 0; r < tile.size(); ++r) {
        for (std::size_t c = 0; c < tile.size(); ++c) {
            CHECK((tile[c] >> r & 1) == (before[r] >> c & 1));
        }
    }
}

}  // namespace
}  // namespace spikelet::test
