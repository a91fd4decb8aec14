// SPDX-License-Identifier: MIT
// What the benchmarks share: random arrays, and peers to stand beside. A peer that is not installed
// is not measured.
#pragma once

#include <cstddef>
#include <random>

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

/// Two per multiply-add, in billions.
inline double dense_gflop(kernels::MatmulSize n) {
    return 2e-9 * static_cast<double>(n.rows) * static_cast<double>(n.inputs) *
           static_cast<double>(n.outputs);
}

/// Which of the three products of a linear map.
enum class Product { forward, backward_input, backward_weight };

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
