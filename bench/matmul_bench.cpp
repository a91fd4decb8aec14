// SPDX-License-Identifier: MIT
//
// Dense products at the sizes of SpikeGPT's layers; GFLOP/s counts two per multiply-add. OpenBLAS
// of Debian 12 does not know the newest processors: set OPENBLAS_CORETYPE to get its best kernels
// (SkylakeX for AVX-512) and OPENBLAS_NUM_THREADS=1 or 2 to compare like with like.
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include <spikelet/kernels/matmul.hpp>

#if defined(SPIKELET_BENCH_BLAS)
#include <cblas.h>
#endif

namespace {

using spikelet::OpenMp;
using spikelet::Serial;
using spikelet::kernels::Matmul;
using spikelet::kernels::MatmulSize;

using Numbers = spikelet::Buffer<float>;

/// The matrices of one linear map.
struct Matrices {
    MatmulSize n;
    Numbers x, w, y, scratch;

    explicit Matrices(benchmark::State const& state)
        : n{state.range(0), state.range(1), state.range(2)},
          x(n.rows * n.inputs),
          w(n.inputs * n.outputs),
          y(n.rows * n.outputs),
          scratch(Matmul<Serial<>>::workspace(n) + 1) {
        std::minstd_rand random(1);
        std::uniform_real_distribution<float> uniform(-1, 1);
        for (Numbers* const numbers : {&x, &w, &y}) {
            for (float& number : numbers->span()) { number = uniform(random); }
        }
    }

    void count(benchmark::State& state) const {
        double const work = 2e-9 * static_cast<double>(n.rows) * static_cast<double>(n.inputs) *
                            static_cast<double>(n.outputs);
        state.counters["GFLOP/s"] = benchmark::Counter(
            work * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
    }
};

template <class Policy>
void forward(benchmark::State& state, Policy policy) {
    Matrices m(state);
    for (auto _ : state) {
        Matmul<Policy>::forward(policy, m.n, m.x.data(), m.w.data(), m.y.data(), m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}

template <class Policy>
void backward_input(benchmark::State& state, Policy policy) {
    Matrices m(state);
    for (auto _ : state) {
        Matmul<Policy>::backward_input(policy, m.n, m.y.data(), m.w.data(), m.x.data(),
                                       m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}

template <class Policy>
void backward_weight(benchmark::State& state, Policy policy) {
    Matrices m(state);
    for (auto _ : state) {
        Matmul<Policy>::backward_weight(policy, m.n, m.x.data(), m.y.data(), m.w.data(),
                                        m.scratch.data());
        benchmark::ClobberMemory();
    }
    m.count(state);
}

#if defined(SPIKELET_BENCH_BLAS)
enum class Peer { forward, backward_input, backward_weight };

void blas(benchmark::State& state, Peer peer) {
    Matrices m(state);
    auto const rows = static_cast<int>(m.n.rows);
    auto const inputs = static_cast<int>(m.n.inputs);
    auto const outputs = static_cast<int>(m.n.outputs);
    for (auto _ : state) {
        if (peer == Peer::forward && rows == 1) {
            cblas_sgemv(CblasRowMajor, CblasTrans, inputs, outputs, 1, m.w.data(), outputs,
                        m.x.data(), 1, 0, m.y.data(), 1);
        } else if (peer == Peer::forward) {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, outputs, inputs, 1,
                        m.x.data(), inputs, m.w.data(), outputs, 0, m.y.data(), outputs);
        } else if (peer == Peer::backward_input) {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, inputs, outputs, 1,
                        m.y.data(), outputs, m.w.data(), outputs, 1, m.x.data(), inputs);
        } else {
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, inputs, outputs, rows, 1,
                        m.x.data(), inputs, m.y.data(), outputs, 1, m.w.data(), outputs);
        }
        benchmark::ClobberMemory();
    }
    m.count(state);
}
#endif

/// Rows, inputs, outputs.
void layers(benchmark::internal::Benchmark* b) {
    b->ArgNames({"M", "K", "N"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int const rows : {1, 16, 64, 1024}) {
        b->Args({rows, 512, 512});
        b->Args({rows, 512, 2048});
        b->Args({rows, 2048, 512});
        b->Args({rows, 768, 3072});
    }
}

BENCHMARK_CAPTURE(forward, serial, Serial<>{})->Apply(layers);
BENCHMARK_CAPTURE(forward, two_threads, OpenMp<>{2})->Apply(layers);
BENCHMARK_CAPTURE(backward_input, serial, Serial<>{})->Apply(layers);
BENCHMARK_CAPTURE(backward_input, two_threads, OpenMp<>{2})->Apply(layers);
BENCHMARK_CAPTURE(backward_weight, serial, Serial<>{})->Apply(layers);
BENCHMARK_CAPTURE(backward_weight, two_threads, OpenMp<>{2})->Apply(layers);
#if defined(SPIKELET_BENCH_BLAS)
BENCHMARK_CAPTURE(blas, forward, Peer::forward)->Apply(layers);
BENCHMARK_CAPTURE(blas, backward_input, Peer::backward_input)->Apply(layers);
BENCHMARK_CAPTURE(blas, backward_weight, Peer::backward_weight)->Apply(layers);
#endif

}  // namespace
