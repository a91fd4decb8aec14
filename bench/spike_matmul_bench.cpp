// SPDX-License-Identifier: MIT
//
// Products of packed spikes at several firing rates (in percent) beside the dense product of the
// same sizes, ours and OpenBLAS's. "dense GFLOP/s" is the work that a dense product would have
// done; "events/s" counts the additions of one weight each that the spikes ask for.
#include "support.hpp"

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/spike_matmul.hpp>

namespace spikelet::bench {
namespace {

using kernels::Matmul;
using kernels::MatmulSize;
using kernels::SpikeMatmul;

/// Random spikes, packed and as numbers, and the dense matrices they meet.
struct Matrices {
    MatmulSize n;
    Buffer<word> spikes;
    Numbers x, w, y, scratch;

    explicit Matrices(benchmark::State const& state)
        : n{state.range(0), state.range(1), state.range(2)},
          spikes(n.rows * Element<bit>::row_units(n.inputs)),
          x(n.rows * n.inputs),
          w(random_numbers(n.inputs * n.outputs, 1)),
          y(random_numbers(n.rows * n.outputs, 2)),
          scratch(std::max({Matmul<Serial<>>::workspace(n),
                            SpikeMatmul<Serial<>>::forward_workspace<float>(n),
                            SpikeMatmul<Serial<>>::backward_workspace<float>(n)}) +
                  1) {
        std::minstd_rand random(3);
        std::bernoulli_distribution fires(static_cast<double>(state.range(3)) / 100);
        for (float& number : x.span()) { number = fires(random) ? 1.0F : 0.0F; }
        for (index r = 0; r < n.rows; ++r) {
            pack(x.data() + r * n.inputs, n.inputs,
                 spikes.data() + r * Element<bit>::row_units(n.inputs));
        }
    }

    void count(benchmark::State& state) const {
        rate(state, "dense GFLOP/s", dense_gflop(n));
        auto const fired = static_cast<double>(spikelet::count(spikes.data(), spikes.size()));
        rate(state, "events/s", fired * static_cast<double>(n.outputs));
    }
};

template <class Policy>
void spiking(benchmark::State& state, Product product, Policy policy) {
    Matrices m(state);
    for (auto _ : state) {
        if (product == Product::forward) {
            SpikeMatmul<Policy>::forward(policy, m.n, m.spikes.data(), m.w.data(), m.y.data(),
                                         m.scratch.data());
        } else {
            SpikeMatmul<Policy>::backward_weight(policy, m.n, m.spikes.data(), m.y.data(),
                                                 m.w.data(), m.scratch.data());
        }
        benchmark::ClobberMemory();
    }
    m.count(state);
}

void dense(benchmark::State& state) {
    Matrices m(state);
    for (auto _ : state) {
        Matmul<Serial<>>::forward({}, m.n, m.x.data(), m.w.data(), m.y.data(), m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}

#if defined(SPIKELET_BENCH_BLAS)
void blas(benchmark::State& state, Product product) {
    Matrices m(state);
    for (auto _ : state) {
        Blas::run(product, m.n, m.x.data(), m.w.data(), m.y.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}
#endif

/// Rows, inputs, outputs, percent that fire.
void layers(benchmark::internal::Benchmark* b) {
    b->ArgNames({"M", "K", "N", "percent"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int const rows : {1, 16, 1024}) {
        for (int const percent : {2, 5, 10, 15, 20, 30, 50, 100}) {
            b->Args({rows, 512, 512, percent});
            b->Args({rows, 512, 2048, percent});
            b->Args({rows, 2048, 512, percent});
            b->Args({rows, 768, 3072, percent});
        }
    }
}

BENCHMARK_CAPTURE(spiking, forward / one_thread, Product::forward, Serial<>{})
    ->Name("forward/one_thread")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, forward / two_threads, Product::forward, OpenMp<>{2})
    ->Name("forward/two_threads")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, backward_weight / one_thread, Product::backward_weight, Serial<>{})
    ->Name("backward_weight/one_thread")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, backward_weight / two_threads, Product::backward_weight, OpenMp<>{2})
    ->Name("backward_weight/two_threads")
    ->Apply(layers);
BENCHMARK(dense)->Name("forward/dense_one_thread")->Apply(layers);
#if defined(SPIKELET_BENCH_BLAS)
BENCHMARK_CAPTURE(blas, forward, Product::forward)->Name("forward/openblas")->Apply(layers);
BENCHMARK_CAPTURE(blas, backward_weight, Product::backward_weight)
    ->Name("backward_weight/openblas")
    ->Apply(layers);
#endif

}  // namespace
}  // namespace spikelet::bench

BENCHMARK_MAIN();
