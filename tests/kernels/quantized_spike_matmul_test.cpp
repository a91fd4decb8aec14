// SPDX-License-Identifier: MIT
#include <spikelet/kernels/quantized_spike_matmul.hpp>

#include <bit>

#include <doctest/doctest.h>

#include <spikelet/core/memory.hpp>

#include <kernels/spike_support.hpp>
#include <support/numbers.hpp>

namespace spikelet::test::quantized_spike_matmul_test {
namespace {

using kernels::MatmulSize;
using kernels::QuantizedMatrix;
using kernels::QuantizedSpikeMatmul;

template <class C>
constexpr int largest_weight = std::is_same_v<C, trit>   ? 1
                               : std::is_same_v<C, int4> ? 7
                                                         : 127;

/// Writes element i of a row of spikes: the bits of a number in two's complement, or of a trit the
/// planes of 1 and -1.
template <class S>
void put_event(word* row, index i, int value) {
    auto const bits = static_cast<unsigned>(std::is_same_v<S, trit> ? (value > 0   ? 1
                                                                       : value < 0 ? 2
                                                                                   : 0)
                                                                    : value);
    for (index p = 0; p < Element<S>::planes; ++p) {
        row[i / bits_per_word * Element<S>::planes + p] |= word{bits >> p & 1}
                                                           << (i % bits_per_word);
    }
}

template <class C>
void put_code(storage_of<C>* row, index o, int code) {
    if constexpr (std::is_same_v<C, trit>) {
        put_event<trit>(row, o, code);
    } else if constexpr (std::is_same_v<C, int4>) {
        row[o / 2] = static_cast<std::uint8_t>(row[o / 2] & (o % 2 == 0 ? 0xF0 : 0x0F)) |
                     static_cast<std::uint8_t>((code + 8) << (o % 2 * 4));
    } else {
        row[o] = static_cast<std::int8_t>(code);
    }
}

/// Events [M,K], weights [K,N] in few bits, and both as whole numbers.
template <class C, class S>
struct Integers {
    MatmulSize n;
    index group;
    std::vector<word> events =
        std::vector<word>(static_cast<std::size_t>(n.rows * Element<S>::row_units(n.inputs)));
    std::vector<storage_of<C>> codes = std::vector<storage_of<C>>(
        static_cast<std::size_t>(n.inputs * Element<C>::row_units(n.outputs)));
    std::vector<float> scales = random_numbers<float>(
        kernels::scale_groups(n.inputs, std::max<index>(group, 1)) * n.outputs, 5);
    std::vector<int> values = std::vector<int>(static_cast<std::size_t>(n.rows * n.inputs));
    std::vector<int> weights = std::vector<int>(static_cast<std::size_t>(n.inputs * n.outputs));

    void put_value(index r, index i, int value) {
        values[static_cast<std::size_t>(r * n.inputs + i)] = value;
        put_event<S>(events.data() + r * Element<S>::row_units(n.inputs), i, value);
    }
    void put_weight(index i, index o, int code) {
        weights[static_cast<std::size_t>(i * n.outputs + o)] = code;
        put_code<C>(codes.data() + i * Element<C>::row_units(n.outputs), o, code);
    }

    static constexpr int highest =
        std::is_same_v<S, signed_graded<3>> ? 3 : kernels::largest_magnitude<S>;
    static constexpr int lowest = std::is_same_v<S, trit> ? -1 : EventLevels<S>::has_sign ? -4 : 0;

    /// Weights and events at random.
    static Integers random(MatmulSize n, index group, double density) {
        Integers x{n, group};
        Rng rng(1);
        for (index r = 0; r < n.rows; ++r) {
            for (index i = 0; i < n.inputs; ++i) {
                int const any =
                    static_cast<int>(rng.below(static_cast<unsigned>(highest - lowest))) + lowest;
                bool const active = rng.uniform() < density;
                if (active) { x.put_value(r, i, any >= 0 ? any + 1 : any); }
            }
        }
        constexpr int largest = largest_weight<C>;
        for (index i = 0; i < n.inputs; ++i) {
            for (index o = 0; o < n.outputs; ++o) {
                x.put_weight(i, o, static_cast<int>(rng.below(2 * largest + 1)) - largest);
            }
        }
        return x;
    }

    /// The same event everywhere; weights of even columns are the largest, of odd ones the least.
    static Integers extreme(MatmulSize n, index group, int value) {
        Integers x{n, group};
        for (index i = 0; i < n.inputs; ++i) {
            for (index r = 0; r < n.rows; ++r) { x.put_value(r, i, value); }
            for (index o = 0; o < n.outputs; ++o) {
                x.put_weight(i, o, o % 2 == 0 ? largest_weight<C> : -largest_weight<C>);
            }
        }
        return x;
    }

    [[nodiscard]] std::int64_t sum(index r, index o, index first, index last) const {
        std::int64_t total = 0;
        for (index i = first; i < last; ++i) {
            total += std::int64_t{values[static_cast<std::size_t>(r * n.inputs + i)]} *
                     weights[static_cast<std::size_t>(i * n.outputs + o)];
        }
        return total;
    }

    [[nodiscard]] std::vector<float> expected() const {
        std::vector<float> y;
        for (index r = 0; r < n.rows; ++r) {
            for (index o = 0; o < n.outputs; ++o) {
                float result = 0;
                for (index g = 0; g * group < n.inputs; ++g) {
                    auto const scale = scales[static_cast<std::size_t>(g * n.outputs + o)];
                    auto const part = static_cast<float>(
                        sum(r, o, g * group, std::min((g + 1) * group, n.inputs)));
                    result = g == 0 ? scale * part : fused(scale, part, result);
                }
                y.push_back(result);
            }
        }
        return y;
    }

    /// As the machine does it: rounded once, where it can.
    static float fused(float a, float b, float c) {
        using Batch = simd::Batch<float, Serial<>>;
        return simd::fma(Batch(a), Batch(b), Batch(c)).get(0);
    }

    [[nodiscard]] std::vector<float> product(OpenMp<> policy = {1}) const {
        using Kernel = QuantizedSpikeMatmul<C, OpenMp<>>;
        std::vector<float> y(static_cast<std::size_t>(n.rows * n.outputs), 99.0F);
        Buffer<std::byte> scratch(Kernel::template workspace<S>(n) + 1);
        std::fill_n(scratch.data(), scratch.size(), std::byte{0x77});
        QuantizedMatrix<C> const w{codes.data(), scales.data(), group};
        Kernel::template forward<S>(policy, n, events.data(), w, y.data(), scratch.data());
        return y;
    }
};

template <class C, class S>
void compare(MatmulSize n, index group, double density) {
    CAPTURE(n.rows);
    CAPTURE(n.inputs);
    CAPTURE(n.outputs);
    CAPTURE(group);
    CAPTURE(density);
    auto const x = Integers<C, S>::random(n, group, density);
    auto const expected = x.expected();
    for (int const threads : {1, 3}) { CHECK(same_bits(x.product(OpenMp<>{threads}), expected)); }
}

/// Calls f(S) for every kind of events: one plane, the most planes, signs in both forms. Each costs
/// seconds of compiling.
template <class F>
void each_event(F&& f) {
    f(bit{});
    f(graded<4>{});
    f(signed_graded<3>{});
    f(trit{});
}

TEST_CASE_TEMPLATE("quantized_spike_matmul: exact sums, scaled once per group", C, std::int8_t,
                   int4, trit) {
    each_event([](auto s) {
        using S = decltype(s);
        for (index const outputs : {1, 15, 63, 64, 65, 130, 300}) {
            for (double const density : {0.0, 0.05, 0.4, 1.0}) {
                compare<C, S>({1, 100, outputs}, 100, density);
                compare<C, S>({3, 300, outputs}, 64, density);
                compare<C, S>({70, 150, outputs}, 128, density);
            }
        }
        compare<C, S>({1, 0, 10}, 64, 1.0);
        compare<C, S>({70, 0, 10}, 64, 1.0);
        compare<C, S>({0, 10, 10}, 64, 1.0);
        compare<C, S>({2, 10, 0}, 64, 1.0);
        compare<C, S>({2, 1500, 130}, 1500, 0.7);
    });
}

TEST_CASE_TEMPLATE("quantized_spike_matmul: the largest sums do not overflow", C, std::int8_t, int4,
                   trit) {
    each_event([](auto s) {
        using S = decltype(s);
        using Extreme = Integers<C, S>;
        for (index const rows : {1, 20, 64}) {
            for (int const value : {Extreme::highest, Extreme::lowest}) {
                CAPTURE(rows);
                CAPTURE(value);
                auto const x = Extreme::extreme({rows, 3000, 2}, 3000, value);
                CHECK(same_bits(x.product(), x.expected()));
            }
        }
        auto const x = Extreme::extreme({1, 20000, 2}, 20000, Extreme::highest);
        CHECK(same_bits(x.product(), x.expected()));
    });
}

TEST_CASE_TEMPLATE("quantized_spike_matmul: same bits row by row and all at once", C, std::int8_t,
                   int4, trit) {
    each_event([](auto s) {
        using S = decltype(s);
        for (double const density : {0.1, 0.8}) {
            auto const x = Integers<C, S>::random({70, 200, 77}, 64, density);
            auto const y = x.product();
            index const units = Element<S>::row_units(x.n.inputs);
            for (index r = 0; r < x.n.rows; ++r) {
                auto one = x;
                one.n.rows = 1;
                one.events.erase(one.events.begin(), one.events.begin() + r * units);
                auto const from = y.begin() + r * x.n.outputs;
                CHECK(same_bits(one.product(), {from, from + x.n.outputs}));
            }
        }
    });
}

/// Events and weights of bf16.
template <class S>
struct Halves {
    MatmulSize n;
    Integers<trit, S> integers;
    std::vector<bf16> codes;

    Halves(MatmulSize size, double density)
        : n(size),
          integers(Integers<trit, S>::random(size, size.inputs, density)) {
        for (float const x : random_numbers<float>(n.inputs * n.outputs, 7)) {
            codes.push_back({static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16)});
        }
    }

    [[nodiscard]] std::vector<float> product(OpenMp<> policy = {1}) const {
        using Kernel = QuantizedSpikeMatmul<bf16, OpenMp<>>;
        std::vector<float> y(static_cast<std::size_t>(n.rows * n.outputs), 99.0F);
        Buffer<std::byte> scratch(Kernel::template workspace<S>(n) + 1);
        QuantizedMatrix<bf16> const w{codes.data(), nullptr, n.inputs};
        Kernel::template forward<S>(policy, n, integers.events.data(), w, y.data(), scratch.data());
        return y;
    }

    /// Plain spikes in groups of four, events in one chain of fma.
    [[nodiscard]] std::vector<float> expected() const {
        std::vector<float> y(static_cast<std::size_t>(n.rows * n.outputs));
        for (index r = 0; r < n.rows; ++r) {
            for (index o = 0; o < n.outputs; ++o) {
                float& sum = y[static_cast<std::size_t>(r * n.outputs + o)];
                constexpr index together = std::is_same_v<S, bit> ? 4 : 1;
                for (index first = 0; first < n.inputs; first += together) {
                    float group = together == 1 ? sum : -0.0F;
                    for (index i = first; i < std::min(first + together, n.inputs); ++i) {
                        auto const value = static_cast<float>(
                            integers.values[static_cast<std::size_t>(r * n.inputs + i)]);
                        float const w = codes[static_cast<std::size_t>(i * n.outputs + o)];
                        if (value != 0) { group = Integers<trit, S>::fused(value, w, group); }
                    }
                    sum = together == 1 ? group : sum + group;
                }
            }
        }
        return y;
    }
};

TEST_CASE("quantized_spike_matmul: bf16 has the sums of floats") {
    each_event([](auto s) {
        using S = decltype(s);
        for (index const outputs : {1, 31, 32, 33, 130}) {
            for (double const density : {0.0, 0.1, 1.0}) {
                for (index const rows : {1, 3, 70}) {
                    CAPTURE(outputs);
                    CAPTURE(density);
                    CAPTURE(rows);
                    Halves<S> const x({rows, 150, outputs}, density);
                    CHECK(same_bits(x.product(OpenMp<>{1}), x.expected()));
                    CHECK(same_bits(x.product(OpenMp<>{3}), x.expected()));
                }
            }
        }
        Halves<S> const x({1, 1500, 40}, 0.5);
        CHECK(same_bits(x.product(), x.expected()));
    });
}

TEST_CASE("quantized_spike_matmul: bf16 has the bits of the same weights as floats") {
    for (index const rows : {1, 100}) {
        Halves<bit> const x({rows, 333, 100}, 0.3);
        std::vector<float> const w(x.codes.begin(), x.codes.end());
        std::vector<float> y(static_cast<std::size_t>(rows * 100));
        std::vector<float> scratch(static_cast<std::size_t>(
            kernels::SpikeMatmul<Serial<>>::forward_workspace<float>(x.n)));
        kernels::SpikeMatmul<Serial<>>::forward(serial, x.n, x.integers.events.data(), w.data(),
                                                y.data(), scratch.data());
        CHECK(same_bits(x.product(), y));
    }
}

}  // namespace
}  // namespace spikelet::test::quantized_spike_matmul_test
