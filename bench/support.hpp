// SPDX-License-Identifier: MIT
// What the benchmarks share: random arrays, what a kernel must do at the least, main(), and peers
// to stand beside. A peer that is not installed is not measured.
#pragma once

#include <bit>
#include <cstddef>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/matmul.hpp>

#if defined(SPIKELET_BENCH_BLAS)
#include <cblas.h>
#endif
#if defined(SPIKELET_BENCH_ONEDNN)
#include <oneapi/dnnl/dnnl.h>
#endif

namespace spikelet::bench {

using Numbers = Buffer<float>;

/// n numbers between -1 and 1.
inline Numbers random_numbers(index n, unsigned seed) {
    Numbers numbers(n);
    std::minstd_rand random(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& number : numbers.span()) { number = uniform(random); }
    return numbers;
}

/// Reports `each` of something per iteration as so many per second.
inline void rate(benchmark::State& state, char const* name, double each) {
    state.counters[name] = benchmark::Counter(each * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}

/// What one iteration must do at the least. tools/bench_report draws its roofline from this.
///
/// Operations are those of the formula: an addition, multiplication, comparison, division or root
/// is one, a multiply-add two, e^x the 20 that a series of its digits takes. A spike asks for one
/// addition for each output, a spike with a value for a multiply-add; kernels in which rows share
/// sums do with fewer.
///
/// Bytes are those that pass if a cache holds nothing before and everything until the end: each
/// operand is read once, each result written once, a result that is added to also read. Of weights
/// that meet spikes, those of inputs that fire count. Arrays of one row (biases, states) do not.
struct Work {
    double operations = 0, bytes = 0;
};

inline void report(benchmark::State& state, Work each) {
    state.counters["operations"] = each.operations;
    state.counters["bytes"] = each.bytes;
    if (each.bytes > 0) { rate(state, "bytes_per_second", each.bytes); }
}

/// Which of the three products of a linear map; gradients are added to what is there.
enum class Product { forward, backward_input, backward_weight };

inline double area(index rows, index columns) {
    return static_cast<double>(rows) * static_cast<double>(columns);
}

/// A product of numbers. Weights take `weights` bytes, by default those of floats.
inline Work dense_work(kernels::MatmulSize n, Product product = Product::forward,
                       double weights = 0) {
    double const x = 4 * area(n.rows, n.inputs);
    double const w = weights > 0 ? weights : 4 * area(n.inputs, n.outputs);
    double const y = 4 * area(n.rows, n.outputs);
    double const result = product == Product::backward_input    ? x
                          : product == Product::backward_weight ? w
                                                                : 0;
    return {2 * area(n.rows, n.inputs) * static_cast<double>(n.outputs), x + w + y + result};
}

/// A product of spikes of kind S, packed [rows,inputs], the mean over `patterns` of them; a row of
/// weights takes `row` bytes. Forward, or backward_weight.
template <class S>
Work spike_work(kernels::MatmulSize n, word const* spikes, Product product, double row,
                index patterns = 1) {
    constexpr index planes = Element<S>::planes;
    index const words = Element<bit>::row_units(n.inputs);
    index events = 0;
    index inputs = 0;
    for (index pattern = 0; pattern < patterns; ++pattern) {
        std::vector<word> fired(static_cast<std::size_t>(words));
        for (index r = 0; r < n.rows; ++r) {
            for (word& any : fired) {
                word active = 0;
                for (index p = 0; p < planes; ++p) { active |= *spikes++; }
                events += std::popcount(active);
                any |= active;
            }
        }
        for (word const any : fired) { inputs += std::popcount(any); }
    }
    constexpr bool counts = std::is_same_v<S, bit> || std::is_same_v<S, trit>;
    double const each = 1 / static_cast<double>(patterns);
    double const passes = product == Product::backward_weight ? 2 : 1;
    return {(counts ? 1 : 2) * each * area(events, n.outputs),
            8 * area(n.rows, words * planes) + 4 * area(n.rows, n.outputs) +
                passes * each * static_cast<double>(inputs) * row};
}

/// What a dense product of these sizes does, as a rate: two per multiply-add.
inline void report_dense(benchmark::State& state, kernels::MatmulSize n) {
    rate(state, "dense GFLOP/s", 1e-9 * dense_work(n).operations);
}

/// main() once the benchmarks are registered. The JSON also tells the processor and the instruction
/// set, since rows of different machines must not be compared.
inline int run_benchmarks(int count, char** arguments) {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name")) {
            benchmark::AddCustomContext("cpu", line.substr(line.find(": ") + 2));
            break;
        }
    }
    benchmark::AddCustomContext("instructions", Serial<>::arch::name());
    benchmark::Initialize(&count, arguments);
    if (benchmark::ReportUnrecognizedArguments(count, arguments)) { return 1; }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}

#if defined(SPIKELET_BENCH_BLAS)
/// OpenBLAS, or whatever else provides cblas.
struct Blas {
    static void run(Product product, kernels::MatmulSize n, float* x, float* w, float* y) {
        auto const M = static_cast<int>(n.rows);
        auto const K = static_cast<int>(n.inputs);
        auto const N = static_cast<int>(n.outputs);
        if (product == Product::forward && M == 1) {
            cblas_sgemv(CblasRowMajor, CblasTrans, K, N, 1, w, N, x, 1, 0, y, 1);
        } else if (product == Product::forward) {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, 1, x, K, w, N, 0, y, N);
        } else if (product == Product::backward_input) {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, M, K, N, 1, y, N, w, N, 1, x, K);
        } else {
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, K, N, M, 1, x, K, y, N, 1, w, N);
        }
    }
};
#endif

#if defined(SPIKELET_BENCH_ONEDNN)
/// oneDNN's sgemm.
struct OneDnn {
    static void run(Product product, kernels::MatmulSize n, float* x, float* w, float* y) {
        auto const [M, K, N] = n;
        if (product == Product::forward) {
            dnnl_sgemm('N', 'N', M, N, K, 1, x, K, w, N, 0, y, N);
        } else if (product == Product::backward_input) {
            dnnl_sgemm('N', 'T', M, K, N, 1, y, N, w, N, 1, x, K);
        } else {
            dnnl_sgemm('T', 'N', K, N, M, 1, x, K, y, N, 1, w, N);
        }
    }
};
#endif

}  // namespace spikelet::bench
