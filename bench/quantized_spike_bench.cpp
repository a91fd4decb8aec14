// SPDX-License-Identifier: MIT
//
// Products of events with weights in few bits at several firing rates (in percent). One row, as in
// decoding: every call takes other weights, out of a pool larger than any cache, and other events;
// the peers are the dense product of numbers and the product of spikes with numbers, out of the
// same pool. Many rows, as of a prompt: the peer is OpenBLAS. "dense GFLOP/s" is the work that a
// dense product would have done.
#include "support.hpp"

#include <bit>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/quantized_spike_matmul.hpp>

namespace spikelet::bench {
namespace {

using kernels::Matmul;
using kernels::MatmulSize;
using kernels::QuantizedMatrix;
using kernels::QuantizedSpikeMatmul;
using kernels::SpikeMatmul;

/// A pool of bytes that are weights of any type: every half of a float is a number of its own.
class Pool {
    static constexpr index bytes = index{256} << 20;

public:
    Pool() : numbers_(bytes / static_cast<index>(sizeof(float))) {
        std::minstd_rand random(1);
        std::uniform_real_distribution<float> uniform(-1, 1);
        auto const half = [&] { return std::bit_cast<std::uint32_t>(uniform(random)) >> 16; };
        for (float& x : numbers_.span()) { x = std::bit_cast<float>(half() << 16 | half()); }
    }

    /// Matrix number i, of `size` units of T, in turns.
    template <class T>
    T const* matrix(index i, index size) const {
        index const matrices = bytes / (size * static_cast<index>(sizeof(T)));
        return reinterpret_cast<T const*>(numbers_.data()) + i % matrices * size;
    }

    static Pool const& get() {
        static Pool const pool;
        return pool;
    }

private:
    Numbers numbers_;
};

/// Random events of type S: each plane of a value fires for itself, so that so many percent of the
/// values are not silent.
template <class S>
class Events {
public:
    Events(MatmulSize n, index percent, index patterns)
        : words_(n.rows * Element<S>::row_units(n.inputs)),
          events_(patterns * words_) {
        std::minstd_rand random(3);
        std::bernoulli_distribution fires(static_cast<double>(percent) / 100);
        std::uniform_int_distribution<unsigned> value(1, (1U << planes) - 1);
        index const words = Element<bit>::row_units(n.inputs);
        for (index row = 0; row < patterns * n.rows; ++row) {
            word* const to = events_.data() + row * words * planes;
            for (index i = 0; i < n.inputs; ++i) {
                unsigned const bits = !fires(random)            ? 0U
                                      : std::is_same_v<S, trit> ? 1U + (random() & 1U)
                                                                : value(random);
                for (index p = 0; p < planes; ++p) {
                    to[i / bits_per_word * planes + p] |= word{bits >> p & 1}
                                                          << (i % bits_per_word);
                }
            }
        }
    }

    word const* pattern(index i) const { return events_.data() + i * words_ % events_.size(); }

    /// What a product of one pattern does, on average.
    Work work(MatmulSize n, index bytes_of_row) const {
        return spike_work<S>(n, events_.data(), Product::forward, static_cast<double>(bytes_of_row),
                             events_.size() / words_);
    }

private:
    static constexpr index planes = Element<S>::planes;

    index words_;
    Buffer<word> events_;
};

MatmulSize size_of(benchmark::State const& state) {
    return {state.range(0), state.range(1), state.range(2)};
}

constexpr index patterns_of(MatmulSize n) { return n.rows == 1 ? 61 : 1; }

/// Events of type S, weights C.
template <class C, class S, class Policy>
void quantized(benchmark::State& state, C, S, Policy policy) {
    using Kernel = QuantizedSpikeMatmul<C, Policy>;
    MatmulSize const n = size_of(state);
    Events<S> const events(n, state.range(3), patterns_of(n));
    Numbers const scales = random_numbers(n.outputs, 2);
    Numbers y(n.rows * n.outputs);
    Buffer<std::byte> scratch(Kernel::template workspace<S>(n) + 1);
    index const row = Element<C>::row_units(n.outputs);
    index call = 0;
    for (auto _ : state) {
        auto const* const codes = Pool::get().matrix<storage_of<C>>(call, n.inputs * row);
        Kernel::template forward<S>(policy, n, events.pattern(call),
                                    QuantizedMatrix<C>{codes, scales.data(), n.inputs}, y.data(),
                                    scratch.data());
        ++call;
        benchmark::ClobberMemory();
    }
    report_dense(state, n);
    report(state, events.work(n, row * static_cast<index>(sizeof(storage_of<C>))));
}

/// Weights as they are.
void numbers(benchmark::State& state) {
    MatmulSize const n = size_of(state);
    Events<bit> const events(n, state.range(3), patterns_of(n));
    Numbers y(n.rows * n.outputs);
    Numbers scratch(SpikeMatmul<Serial<>>::forward_workspace<float>(n) + 1);
    index call = 0;
    for (auto _ : state) {
        auto const* const w = Pool::get().matrix<float>(call, n.inputs * n.outputs);
        SpikeMatmul<Serial<>>::forward({}, n, events.pattern(call), w, y.data(), scratch.data());
        ++call;
        benchmark::ClobberMemory();
    }
    report_dense(state, n);
    report(state, events.work(n, 4 * n.outputs));
}

/// Both factors are numbers.
void dense(benchmark::State& state) {
    MatmulSize const n = size_of(state);
    Numbers const x = random_numbers(n.rows * n.inputs, 1);
    Numbers y(n.rows * n.outputs);
    Numbers scratch(Matmul<Serial<>>::workspace(n) + 1);
    index call = 0;
    for (auto _ : state) {
        auto const* const w = Pool::get().matrix<float>(call, n.inputs * n.outputs);
        Matmul<Serial<>>::forward({}, n, x.data(), w, y.data(), scratch.data());
        ++call;
        benchmark::ClobberMemory();
    }
    report_dense(state, n);
    report(state, dense_work(n));
}

#if defined(SPIKELET_BENCH_BLAS)
void blas(benchmark::State& state) {
    MatmulSize const n = size_of(state);
    Numbers x = random_numbers(n.rows * n.inputs, 1);
    Numbers w = random_numbers(n.inputs * n.outputs, 2);
    Numbers y(n.rows * n.outputs);
    for (auto _ : state) {
        Blas::run(Product::forward, n, x.data(), w.data(), y.data());
        benchmark::ClobberMemory();
    }
    report_dense(state, n);
    report(state, dense_work(n));
}
#endif

/// Rows, inputs, outputs, percent that fire.
void layers(benchmark::internal::Benchmark* b) {
    b->ArgNames({"M", "K", "N", "percent"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int const rows : {1, 16, 1024}) {
        for (int const percent : {2, 5, 10, 20, 30, 50, 100}) {
            b->Args({rows, 768, 3072, percent});
            b->Args({rows, 2048, 512, percent});
        }
    }
}

/// The peers do not ask for the percentage.
void dense_layers(benchmark::internal::Benchmark* b) {
    b->ArgNames({"M", "K", "N"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int const rows : {1, 16, 1024}) {
        b->Args({rows, 768, 3072});
        b->Args({rows, 2048, 512});
    }
}

#define SPIKELET_BENCH(codes, C, events, S)                                                        \
    BENCHMARK_CAPTURE(quantized, codes / events, C{}, S{}, OpenMp<>{1})                            \
        ->Name(#codes "/" #events "_one_thread")                                                   \
        ->Apply(layers);                                                                           \
    BENCHMARK_CAPTURE(quantized, codes / events / two, C{}, S{}, OpenMp<>{2})                      \
        ->Name(#codes "/" #events "_two_threads")                                                  \
        ->Apply(layers)

SPIKELET_BENCH(bf16, bf16, bit, bit);
SPIKELET_BENCH(bf16, bf16, graded4, graded<4>);
SPIKELET_BENCH(int8, std::int8_t, bit, bit);
SPIKELET_BENCH(int8, std::int8_t, graded4, graded<4>);
SPIKELET_BENCH(int8, std::int8_t, trit, trit);
SPIKELET_BENCH(int4, int4, bit, bit);
SPIKELET_BENCH(int4, int4, graded4, graded<4>);
SPIKELET_BENCH(int4, int4, trit, trit);
SPIKELET_BENCH(trit, trit, bit, bit);
SPIKELET_BENCH(trit, trit, graded4, graded<4>);
SPIKELET_BENCH(trit, trit, trit, trit);
BENCHMARK(numbers)->Name("float/bit_one_thread")->Apply(layers);
BENCHMARK(dense)->Name("float/one_thread")->Apply(dense_layers);
#if defined(SPIKELET_BENCH_BLAS)
BENCHMARK(blas)->Name("float/openblas")->Apply(dense_layers);
#endif

}  // namespace
}  // namespace spikelet::bench

int main(int argc, char** argv) { return spikelet::bench::run_benchmarks(argc, argv); }
