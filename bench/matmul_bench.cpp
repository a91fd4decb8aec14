// SPDX-License-Identifier: MIT
//
// Dense products at the sizes of SpikeGPT's layers, exact and of factors rounded to bfloat16,
// beside those of OpenBLAS and oneDNN. The probes multiply and add, or add, in registers alone: no
// exact product can be faster. README.md says how to give the peers the same threads and their best
// kernels.
#include <spikelet/kernels/bf16_matmul.hpp>

#include "support.hpp"

namespace spikelet::bench {
namespace {

using kernels::Bf16Matmul;
using kernels::Matmul;
using kernels::MatmulSize;

/// The matrices of one linear map.
struct Matrices {
    MatmulSize n;
    Numbers x, w, y, scratch;

    explicit Matrices(benchmark::State const& state)
        : n{state.range(0), state.range(1), state.range(2)},
          x(random_numbers(n.rows * n.inputs, 1)),
          w(random_numbers(n.inputs * n.outputs, 2)),
          y(random_numbers(n.rows * n.outputs, 3)),
          scratch(std::max(Matmul<Serial<>>::workspace(n), Bf16Matmul<Serial<>>::workspace(n)) +
                  1) {}
};

/// Our kernels, shaped like the peers.
template <class Policy, class Kernel = Matmul<Policy>>
struct Ours {
    Policy policy;

    void run(Product product, Matrices& m) const {
        float* const scratch = m.scratch.data();
        if (product == Product::forward) {
            Kernel::forward(policy, m.n, m.x.data(), m.w.data(), m.y.data(), scratch);
        } else if (product == Product::backward_input) {
            Kernel::backward_input(policy, m.n, m.y.data(), m.w.data(), m.x.data(), scratch);
        } else {
            Kernel::backward_weight(policy, m.n, m.x.data(), m.y.data(), m.w.data(), scratch);
        }
    }
};

template <class Library>
struct Theirs {
    static void run(Product product, Matrices& m) {
        Library::run(product, m.n, m.x.data(), m.w.data(), m.y.data());
    }
};

template <class Who>
void measure(benchmark::State& state, Product product, Who who) {
    Matrices m(state);
    for (auto _ : state) {
        who.run(product, m);
        benchmark::ClobberMemory();
    }
    report_dense(state, m.n);
    report(state, dense_work(m.n, product));
}

/// Each multiply-add or, without, each addition waits for the one before in its chain.
template <bool Multiply>
void probe(benchmark::State& state) {
    using B = simd::Batch<float, Serial<>>;
    constexpr index chains = simd::registers<B> - 4;  // all in registers, with factor and term
    constexpr index steps = 4096;
    B const factor(0.999F);
    B const term(1e-3F);
    std::array<B, static_cast<std::size_t>(chains)> sums;
    sums.fill(B(1));
    for (auto _ : state) {
        for (index i = 0; i < steps; ++i) {
            simd::unrolled<chains>([&](auto c) {
                sums[c] = Multiply ? simd::fma(sums[c], factor, term) : sums[c] + term;
            });
        }
        for (B& sum : sums) { benchmark::DoNotOptimize(sum); }
    }
    report(state, {(Multiply ? 2 : 1) * area(chains * steps, simd::width<B>)});
}

template <class Who>
void add(char const* name, Who who) {
    constexpr std::pair<char const*, Product> products[] = {
        {"forward", Product::forward},
        {"backward_input", Product::backward_input},
        {"backward_weight", Product::backward_weight}};
    for (auto const& [product_name, product] : products) {
        auto* const b = benchmark::RegisterBenchmark(
            (std::string(product_name) + "/" + name).c_str(),
            [product = product, who](benchmark::State& state) { measure(state, product, who); });
        b->ArgNames({"M", "K", "N"})->UseRealTime()->Unit(benchmark::kMicrosecond);
        for (int const rows : {1, 16, 128, 1024}) {
            b->Args({rows, 512, 512});
            b->Args({rows, 512, 2048});
            b->Args({rows, 2048, 512});
            b->Args({rows, 768, 3072});
        }
    }
}

}  // namespace
}  // namespace spikelet::bench

int main(int argc, char** argv) {
    using namespace spikelet;
    using namespace spikelet::bench;
    add("one_thread", Ours<Serial<>>{});
    add("two_threads", Ours<OpenMp<>>{{2}});
    add("bf16_one_thread", Ours<Serial<>, Bf16Matmul<Serial<>>>{});
#if defined(SPIKELET_BENCH_BLAS)
    add("openblas", Theirs<Blas>{});
#endif
#if defined(SPIKELET_BENCH_ONEDNN)
    add("onednn", Theirs<OneDnn>{});
#endif
    benchmark::RegisterBenchmark("probe_fma/one_thread", probe<true>)->UseRealTime();
    benchmark::RegisterBenchmark("probe_add/one_thread", probe<false>)->UseRealTime();
    return run_benchmarks(argc, argv);
}
