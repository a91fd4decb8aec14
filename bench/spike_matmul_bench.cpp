// SPDX-License-Identifier: MIT
//
// Products of packed spikes at several firing rates (in percent), beside the dense products of the
// same numbers. "dense GFLOP/s" is the work that a dense product of this size would have done.
#include <random>

#include <benchmark/benchmark.h>

#include <spikelet/kernels/spike_matmul.hpp>

namespace {

using spikelet::bit;
using spikelet::bits_per_word;
using spikelet::Buffer;
using spikelet::Element;
using spikelet::OpenMp;
using spikelet::Serial;
using spikelet::word;
using spikelet::kernels::Matmul;
using spikelet::kernels::MatmulSize;
using spikelet::kernels::SpikeMatmul;

/// Random spikes, packed and as numbers, and the dense matrices they meet.
struct Matrices {
    MatmulSize n;
    Buffer<word> spikes;
    Buffer<float> x, w, y, scratch;

    explicit Matrices(benchmark::State const& state)
        : n{state.range(0), state.range(1), state.range(2)},
          spikes(n.rows * Element<bit>::row_units(n.inputs)),
          x(n.rows * n.inputs),
          w(n.inputs * n.outputs),
          y(n.rows * n.outputs),
          scratch(Matmul<Serial<>>::workspace(n) + 1) {
        std::minstd_rand random(1);
        std::uniform_real_distribution<float> uniform(-1, 1);
        for (float& number : w.span()) { number = uniform(random); }
        std::bernoulli_distribution fires(static_cast<double>(state.range(3)) / 100);
        for (std::ptrdiff_t r = 0; r < n.rows; ++r) {
            word* const row = spikes.data() + r * Element<bit>::row_units(n.inputs);
            for (std::ptrdiff_t i = 0; i < n.inputs; ++i) {
                bool const fired = fires(random);
                row[i / bits_per_word] |= word{fired} << (i % bits_per_word);
                x.data()[r * n.inputs + i] = fired ? 1.0F : 0.0F;
            }
        }
    }

    void count(benchmark::State& state) const {
        double const work = 2e-9 * static_cast<double>(n.rows) * static_cast<double>(n.inputs) *
                            static_cast<double>(n.outputs);
        state.counters["dense GFLOP/s"] = benchmark::Counter(
            work * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
    }
};

template <class Policy>
void forward(benchmark::State& state, Policy policy) {
    Matrices m(state);
    for (auto _ : state) {
        SpikeMatmul<Policy>::forward(policy, m.n, m.spikes.data(), m.w.data(), m.y.data(),
                                     m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}

template <class Policy>
void backward_weight(benchmark::State& state, Policy policy) {
    Matrices m(state);
    for (auto _ : state) {
        SpikeMatmul<Policy>::backward_weight(policy, m.n, m.spikes.data(), m.y.data(), m.w.data(),
                                             m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}

template <class Policy>
void dense_forward(benchmark::State& state, Policy policy) {
    Matrices m(state);
    for (auto _ : state) {
        Matmul<Policy>::forward(policy, m.n, m.x.data(), m.w.data(), m.y.data(), m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}

/// Rows, inputs, outputs, percent that fire.
void layers(benchmark::internal::Benchmark* b) {
    b->ArgNames({"M", "K", "N", "percent"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int const rows : {1, 16, 1024}) {
        for (int const percent : {2, 10, 20, 50}) {
            b->Args({rows, 512, 512, percent});
            b->Args({rows, 512, 2048, percent});
            b->Args({rows, 2048, 512, percent});
        }
    }
}

BENCHMARK_CAPTURE(forward, serial, Serial<>{})->Apply(layers);
BENCHMARK_CAPTURE(forward, two_threads, OpenMp<>{2})->Apply(layers);
BENCHMARK_CAPTURE(backward_weight, serial, Serial<>{})->Apply(layers);
BENCHMARK_CAPTURE(backward_weight, two_threads, OpenMp<>{2})->Apply(layers);
BENCHMARK_CAPTURE(dense_forward, serial, Serial<>{})->Apply(layers);

}  // namespace
