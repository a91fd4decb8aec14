// SPDX-License-Identifier: MIT
//
// Products of numbers with weights of few bits beside dense products of the same sizes, ours and
// OpenBLAS's. For one row, as in decoding, they come in turns out of a pool of 256 MiB, so that no
// cache holds them: bytes/s is what to compare with the bandwidth of memory. "dense GFLOP/s" counts
// two per weight and row.
#include "support.hpp"

#include <spikelet/kernels/quantize.hpp>
#include <spikelet/kernels/quantized_matmul.hpp>

namespace spikelet::bench {
namespace {

using kernels::MatmulSize;

/// A pool of matrices of `units` of T each, all like the first, and x and y.
template <class T>
struct Matrices {
    MatmulSize n;
    index units, count, next = 0;
    bool dense = true;  // no zeros in x
    Buffer<T> pool;
    Numbers x, y, scales;

    Matrices(benchmark::State const& state, index row_units)
        : n{state.range(0), state.range(1), state.range(2)},
          units(n.inputs * row_units),
          count(n.rows == 1 ? (index{256} << 20) / (units * static_cast<index>(sizeof(T))) + 1 : 1),
          pool(units * count),
          x(random_numbers(n.rows * n.inputs, 1)),
          y(n.rows * n.outputs),
          scales(n.outputs) {}

    void fill() {
        for (index i = 1; i < count; ++i) {
            std::copy_n(pool.data(), units, pool.data() + i * units);
        }
    }

    void keep(index percent) {
        std::minstd_rand random(3);
        std::bernoulli_distribution active(static_cast<double>(percent) / 100);
        for (float& number : x.span()) { number = active(random) ? number : 0; }
        dense = false;
    }

    T* weights() { return pool.data() + next++ % count * units; }

    void report_work(benchmark::State& state) const {
        report_dense(state, n);
        if (dense) { report(state, dense_work(n, Product::forward, area(units, sizeof(T)))); }
    }
};

/// Numbers, of which so many of a hundred are not 0, times weights of element type C, one scale for
/// each output.
template <class C, class Policy>
void quantized(benchmark::State& state, Policy policy, index percent = 100) {
    using Kernel = kernels::QuantizedMatmul<C, Policy>;
    Matrices<storage_of<C>> m(state, Element<C>::row_units(state.range(2)));
    Numbers const w = random_numbers(m.n.inputs * m.n.outputs, 2);
    kernels::encode<C>(w.data(), m.n.inputs, m.n.outputs, m.n.inputs, m.pool.data(),
                       m.scales.data());
    m.fill();
    if (percent < 100) { m.keep(percent); }
    Buffer<std::byte> scratch(Kernel::workspace(m.n) + 1);
    for (auto _ : state) {
        Kernel::forward(policy, m.n, m.x.data(), {m.weights(), m.scales.data(), m.n.inputs},
                        m.y.data(), scratch.data());
        benchmark::ClobberMemory();
    }
    m.report_work(state);
}

template <class Run>
void dense(benchmark::State& state, Run run) {
    Matrices<float> m(state, state.range(2));
    Numbers const w = random_numbers(m.units, 2);
    std::copy_n(w.data(), m.units, m.pool.data());
    m.fill();
    for (auto _ : state) {
        run(m);
        benchmark::ClobberMemory();
    }
    m.report_work(state);
}

/// Our dense product of floats.
void ours(benchmark::State& state) {
    Numbers scratch(
        kernels::Matmul<Serial<>>::workspace({state.range(0), state.range(1), state.range(2)}) + 1);
    dense(state, [&](Matrices<float>& m) {
        kernels::Matmul<Serial<>>::forward(serial, m.n, m.x.data(), m.weights(), m.y.data(),
                                           scratch.data());
    });
}

#if defined(SPIKELET_BENCH_BLAS)
void openblas(benchmark::State& state) {
    dense(state, [](Matrices<float>& m) {
        Blas::run(Product::forward, m.n, m.x.data(), m.weights(), m.y.data());
    });
}
#endif

template <class F>
void add(char const* name, F measured) {
    auto* const b = benchmark::RegisterBenchmark(name, measured);
    b->ArgNames({"M", "K", "N"})
        ->UseRealTime()
        ->MeasureProcessCPUTime()
        ->Unit(benchmark::kMicrosecond);
    for (int const rows : {1, 16, 128, 1024}) {
        b->Args({rows, 768, 768});
        b->Args({rows, 768, 3072});
        b->Args({rows, 3072, 768});
        if (rows == 1) { b->Args({rows, 768, 50277}); }
    }
}

/// One row of numbers of which so many of a hundred are not 0, as max(x, 0)^2 leaves them.
template <class C>
void add_row_with_zeros(std::string const& name) {
    auto* const b = benchmark::RegisterBenchmark(
        (name + "_with_zeros/one_thread").c_str(),
        [](benchmark::State& state) { quantized<C>(state, serial, state.range(3)); });
    b->ArgNames({"M", "K", "N", "percent"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (int const percent : {5, 10, 20, 35, 50, 75}) { b->Args({1, 3072, 768, percent}); }
}

template <class C>
void add_quantized(std::string const& name) {
    add((name + "/one_thread").c_str(),
        [](benchmark::State& state) { quantized<C>(state, serial); });
    add((name + "/two_threads").c_str(),
        [](benchmark::State& state) { quantized<C>(state, OpenMp<>{2}); });
    add_row_with_zeros<C>(name);
}

}  // namespace
}  // namespace spikelet::bench

int main(int argc, char** argv) {
    using namespace spikelet;
    using namespace spikelet::bench;
    add("float/one_thread", ours);
#if defined(SPIKELET_BENCH_BLAS)
    add("float/openblas", openblas);
#endif
    add_quantized<bf16>("bf16");
    add_quantized<std::int8_t>("int8");
    add_quantized<int4>("int4");
    add_quantized<trit>("trit");
    return run_benchmarks(argc, argv);
}
