// SPDX-License-Identifier: MIT
//
// Products of packed spikes at several firing rates (in percent) beside the dense product of the
// same sizes, ours and OpenBLAS's; spikes with values beside binary ones, also those that are
// gathered as they are. "dense GFLOP/s" is the work that a dense product would have done.
#include "support.hpp"

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/spike_matmul.hpp>

namespace spikelet::bench {
namespace {

using kernels::Matmul;
using kernels::MatmulSize;
using kernels::SpikeMatmul;

/// A value as trained models have them: mostly 1, each next one a quarter as frequent; of signed
/// kinds as often below zero.
template <class S>
float random_value(std::minstd_rand& random) {
    int value = 1;
    if constexpr (!std::is_same_v<S, bit> && !std::is_same_v<S, trit>) {
        value += std::min(std::geometric_distribution<int>(0.75)(random), 2);
    }
    bool const negative = worth<S>((1U << Element<S>::planes) - 1) < worth<S>(1) && random() % 2;
    return static_cast<float>(negative ? -value : value);
}

/// Random spikes of kind S, packed and as numbers, and the dense matrices they meet.
template <class S = bit>
struct Matrices {
    MatmulSize n;
    Buffer<word> spikes;
    Numbers x, w, y, scratch;

    explicit Matrices(benchmark::State const& state)
        : n{state.range(0), state.range(1), state.range(2)},
          spikes(n.rows * Element<S>::row_units(n.inputs)),
          x(n.rows * n.inputs),
          w(random_numbers(n.inputs * n.outputs, 1)),
          y(random_numbers(n.rows * n.outputs, 2)),
          scratch(std::max({Matmul<Serial<>>::workspace(n),
                            SpikeMatmul<Serial<>, S>::template forward_workspace<float>(n),
                            SpikeMatmul<Serial<>, S>::template backward_workspace<float>(n)}) +
                  1) {
        std::minstd_rand random(3);
        std::bernoulli_distribution fires(static_cast<double>(state.range(3)) / 100);
        for (float& number : x.span()) { number = fires(random) ? random_value<S>(random) : 0; }
        for (index r = 0; r < n.rows; ++r) {
            pack<S>(x.data() + r * n.inputs, n.inputs,
                    spikes.data() + r * Element<S>::row_units(n.inputs));
        }
    }

    void report_spikes(benchmark::State& state, Product product) const {
        report_dense(state, n);
        double const row = 4 * static_cast<double>(n.outputs);
        report(state, spike_work<S>(n, spikes.data(), product, row));
    }

    void report_numbers(benchmark::State& state, Product product) const {
        report_dense(state, n);
        report(state, dense_work(n, product));
    }
};

template <class S, class Policy>
void spiking(benchmark::State& state, Product product, Policy policy, S) {
    using Kernel = SpikeMatmul<Policy, S>;
    Matrices<S> m(state);
    for (auto _ : state) {
        if (product == Product::forward) {
            Kernel::forward(policy, m.n, m.spikes.data(), m.w.data(), m.y.data(), m.scratch.data());
        } else {
            Kernel::backward_weight(policy, m.n, m.spikes.data(), m.y.data(), m.w.data(),
                                    m.scratch.data());
        }
        benchmark::ClobberMemory();
    }
    m.report_spikes(state, product);
}

/// The form of few spikes, whatever the density.
void gathered(benchmark::State& state) {
    Matrices<> m(state);
    kernels::SpikeRows const spikes{m.spikes.data(), Element<bit>::row_units(m.n.inputs)};
    for (auto _ : state) {
        kernels::GatheredProduct<float, Serial<>>::run({}, {m.n.rows, m.n.inputs, m.n.outputs},
                                                       spikes, m.w.data(), kernels::Start::zero,
                                                       m.y.data());
        benchmark::ClobberMemory();
    }
    m.report_spikes(state, Product::forward);
}

void dense(benchmark::State& state) {
    Matrices<> m(state);
    Numbers const x = random_numbers(m.x.size(), 4);  // few rows would leave zeros out
    for (auto _ : state) {
        Matmul<Serial<>>::forward({}, m.n, x.data(), m.w.data(), m.y.data(), m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.report_numbers(state, Product::forward);
}

#if defined(SPIKELET_BENCH_BLAS)
void blas(benchmark::State& state, Product product) {
    Matrices<> m(state);
    for (auto _ : state) {
        Blas::run(product, m.n, m.x.data(), m.w.data(), m.y.data());
        benchmark::ClobberMemory();
    }
    m.report_numbers(state, product);
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

BENCHMARK_CAPTURE(spiking, forward / one_thread, Product::forward, Serial<>{}, bit{})
    ->Name("forward/one_thread")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, forward / two_threads, Product::forward, OpenMp<>{2}, bit{})
    ->Name("forward/two_threads")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, backward_weight / one_thread, Product::backward_weight, Serial<>{},
                  bit{})
    ->Name("backward_weight/one_thread")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, backward_weight / two_threads, Product::backward_weight, OpenMp<>{2},
                  bit{})
    ->Name("backward_weight/two_threads")
    ->Apply(layers);
BENCHMARK(gathered)->Name("forward/gathered_one_thread")->Apply(layers);
BENCHMARK_CAPTURE(spiking, graded, Product::forward, Serial<>{}, graded<3>{})
    ->Name("forward/graded_one_thread")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, trit, Product::forward, Serial<>{}, trit{})
    ->Name("forward/trit_one_thread")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, graded, Product::backward_weight, Serial<>{}, graded<3>{})
    ->Name("backward_weight/graded_one_thread")
    ->Apply(layers);
BENCHMARK_CAPTURE(spiking, trit, Product::backward_weight, Serial<>{}, trit{})
    ->Name("backward_weight/trit_one_thread")
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

int main(int argc, char** argv) { return spikelet::bench::run_benchmarks(argc, argv); }
