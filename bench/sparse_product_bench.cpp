// SPDX-License-Identifier: MIT
//
// The three products of a linear map whose inputs are 0 or not, so many of a hundred (max(x, 0)^2
// in front of it), beside the same products with all terms. The gradient of the inputs is the one
// that is computed where they are not 0. "dense GFLOP/s" is the work that a dense product would
// have done.
#include "support.hpp"

namespace spikelet::bench {
namespace {

using kernels::LinearProducts;
using kernels::Matmul;
using kernels::MatmulSize;

/// The matrices of one linear map.
struct Matrices {
    MatmulSize n;
    Numbers x, w, y, gradient, scratch;

    explicit Matrices(benchmark::State const& state)
        : n{state.range(0), state.range(1), state.range(2)},
          x(random_numbers(n.rows * n.inputs, 1)),
          w(random_numbers(n.inputs * n.outputs, 2)),
          y(random_numbers(n.rows * n.outputs, 3)),
          gradient(std::max(n.rows, n.outputs) * n.inputs),
          scratch(Matmul<Serial<>>::workspace(n) + 1) {
        std::minstd_rand random(4);
        std::bernoulli_distribution active(static_cast<double>(state.range(3)) / 100);
        for (float& number : x.span()) { number = active(random) ? number : 0; }
    }
};

/// Leaves out zeros where that pays.
template <class Policy>
struct Sparse {
    Policy policy;

    void run(Product product, Matrices& m) const {
        using Kernel = Matmul<Policy>;
        float* const scratch = m.scratch.data();
        if (product == Product::forward) {
            Kernel::forward(policy, m.n, m.x.data(), m.w.data(), m.y.data(), scratch);
        } else if (product == Product::backward_input) {
            Kernel::backward_active_input(policy, m.n, m.y.data(), m.w.data(), m.x.data(),
                                          m.gradient.data(), scratch);
        } else {
            Kernel::backward_weight(policy, m.n, m.x.data(), m.y.data(), m.gradient.data(),
                                    scratch);
        }
    }
};

/// All terms.
struct Dense {
    static void run(Product product, Matrices& m) {
        using Kernel = LinearProducts<float, Serial<>>;
        float* const scratch = m.scratch.data();
        if (product == Product::forward) {
            Kernel::forward({}, m.n, m.x.data(), m.w.data(), m.y.data(), scratch);
        } else if (product == Product::backward_input) {
            Kernel::backward_input({}, m.n, m.y.data(), m.w.data(), m.gradient.data(), scratch);
        } else {
            Kernel::backward_weight({}, m.n, m.x.data(), m.y.data(), m.gradient.data(), scratch);
        }
    }
};

template <class Who>
void add(char const* name, Who who) {
    constexpr std::pair<char const*, Product> products[] = {
        {"forward", Product::forward},
        {"backward_input", Product::backward_input},
        {"backward_weight", Product::backward_weight}};
    for (auto const& [product_name, product] : products) {
        auto* const b =
            benchmark::RegisterBenchmark((std::string(product_name) + "/" + name).c_str(),
                                         [product = product, who](benchmark::State& state) {
                                             Matrices m(state);
                                             for (auto _ : state) {
                                                 who.run(product, m);
                                                 benchmark::ClobberMemory();
                                             }
                                             report_dense(state, m.n);
                                         });
        b->ArgNames({"M", "K", "N", "percent"})->UseRealTime()->Unit(benchmark::kMicrosecond);
        for (int const rows : {128, 1024}) {
            for (int const percent : {5, 15, 25, 40, 50, 100}) {
                b->Args({rows, 512, 128, percent});
                b->Args({rows, 2048, 512, percent});
                b->Args({rows, 3072, 768, percent});
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::bench

int main(int argc, char** argv) {
    using namespace spikelet;
    using namespace spikelet::bench;
    add("one_thread", Sparse<Serial<>>{});
    add("two_threads", Sparse<OpenMp<>>{{2}});
    add("dense", Dense{});
    return run_benchmarks(argc, argv);
}
