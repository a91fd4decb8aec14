// SPDX-License-Identifier: MIT
//
// Kernels that pass over their data once. Their peer is the memory: loops that read and write as
// many arrays of the same size and compute nothing but a sum. The probes say what the machine can.
#include "support.hpp"

#include <functional>
#include <limits>
#include <string>

#include <spikelet/kernels/adam.hpp>
#include <spikelet/kernels/adaptive_lif.hpp>
#include <spikelet/kernels/cross_entropy.hpp>
#include <spikelet/kernels/event_node.hpp>
#include <spikelet/kernels/gather.hpp>
#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/kernels/integer_lif.hpp>
#include <spikelet/kernels/layer_norm.hpp>
#include <spikelet/kernels/leaky_integrator.hpp>
#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/parametric_lif.hpp>
#include <spikelet/kernels/shift_mix.hpp>
#include <spikelet/kernels/surrogate.hpp>
#include <spikelet/kernels/wkv.hpp>

namespace spikelet::bench {
namespace {

using kernels::Btc;

/// Arrays that a kernel must read, write, or read and write again in one pass, and how many rows of
/// them there are, if not one for each step.
struct Pass {
    int reads = 0, writes = 0, updates = 0;
    index rows = std::numeric_limits<index>::max();

    [[nodiscard]] int arrays() const { return reads + writes + updates; }
    [[nodiscard]] double floats(index steps, index channels) const {
        return (arrays() + updates) * area(std::min(rows, steps), channels);
    }
};

/// Arrays [1, time, channels] as kernels along time take them.
struct Activations {
    Btc n;
    index size;
    std::vector<Numbers> arrays;
    Buffer<word> spikes;

    Activations(benchmark::State const& state, int count)
        : n{1, state.range(0), state.range(1)},
          size(n.T * n.C),
          spikes(n.T * Element<bit>::row_units(n.C)) {
        for (int i = 0; i < count; ++i) {
            arrays.push_back(random_numbers(size + 1024, static_cast<unsigned>(i + 1)));
        }
    }
    /// As a tape would have placed it.
    float* operator[](std::size_t i) { return arrays[i].data() + stagger(i) * 16; }
    /// The same where nothing was added yet.
    Accumulator<float> fresh(std::size_t i) { return {(*this)[i], true}; }
};

void probe_read(benchmark::State& state) {
    Activations a(state, 1);
    using B = simd::Batch<float, Serial<>>;
    for (auto _ : state) {
        std::array<B, 8> sums;
        sums.fill(B(0));
        for (index i = 0; i + 8 * simd::width<B> <= a.size; i += 8 * simd::width<B>) {
            simd::unrolled<8>([&](auto k) {
                sums[k] +=
                    simd::load<B>(a[0] + i + static_cast<index>(k) * simd::width<B>, simd::Full{});
            });
        }
        for (B const& sum : sums) { benchmark::DoNotOptimize(simd::sum(sum)); }
    }
    report(state, {0, 4 * static_cast<double>(a.size)});
}

void probe_copy(benchmark::State& state) {
    Activations a(state, 2);
    for (auto _ : state) {
        std::copy_n(a[0], a.size, a[1]);
        benchmark::ClobberMemory();
    }
    report(state, {0, 8 * static_cast<double>(a.size)});
}

void probe_update(benchmark::State& state) {
    Activations a(state, 1);
    using B = simd::Batch<float, Serial<>>;
    for (auto _ : state) {
        simd::for_each_batch<B>(0, a.size, [&](index i, auto lanes) {
            simd::store(a[0] + i, simd::load<B>(a[0] + i, lanes) + B(1), lanes);
        });
        benchmark::ClobberMemory();
    }
    report(state, {0, 8 * static_cast<double>(a.size)});
}

void lif_forward(benchmark::State& state) {
    Activations a(state, 1);
    using Lif = kernels::Lif<Serial<>>;
    for (auto _ : state) {
        Lif::forward<float>({}, a.n, {.threshold = 0.3}, a[0], a.spikes.data(), nullptr, nullptr);
        benchmark::ClobberMemory();
    }
}

void lif_training(benchmark::State& state) {
    Activations a(state, 4);
    using Lif = kernels::Lif<Serial<>>;
    LifOptions const options{.threshold = 0.3};
    for (auto _ : state) {
        Lif::forward<float>({}, a.n, options, a[0], a.spikes.data(), a[1], nullptr);
        Lif::backward<float>({}, a.n, options, Arctan{}, a[1], a[2], a.fresh(3));
        benchmark::ClobberMemory();
    }
}

/// Neurons as small types (kernels/neurons.hpp), their learned numbers at random.
template <class N>
void neurons_training(benchmark::State& state, N neuron) {
    using Kernel = kernels::Neurons<Serial<>, N>;
    constexpr std::size_t states = Kernel::states;
    Activations a(state, static_cast<int>(states) + 3);
    Numbers const learned = random_numbers(N::weights * a.n.C, 8);
    Numbers dlearned(N::weights * a.n.C);
    typename Kernel::template Weights<float> w{};
    for (std::size_t p = 0; p < w.size(); ++p) {
        w[p] = {learned.data() + static_cast<index>(p) * a.n.C, false};
    }
    typename Kernel::template Charged<float> charged{};
    for (std::size_t p = 0; p < states; ++p) { charged[p] = a[p + 3]; }
    typename Kernel::template Charged<float const> seen{};
    std::copy(charged.begin(), charged.end(), seen.begin());
    auto* const spikes = N::spiking ? a.spikes.data() : nullptr;
    for (auto _ : state) {
        Kernel::template forward<float>({}, a.n, neuron, w, a[0], spikes, charged, nullptr);
        Kernel::template backward<float>({}, a.n, neuron, Arctan{}, w, a[0], seen,
                                         N::spiking ? a[1] : nullptr, N::spiking ? nullptr : a[1],
                                         a.fresh(2), dlearned.data());
        benchmark::ClobberMemory();
    }
}

void parametric_lif_training(benchmark::State& state) {
    neurons_training(state, kernels::ParametricLif{});
}

void adaptive_lif_training(benchmark::State& state) {
    neurons_training(state, kernels::AdaptiveLif{});
}

void leaky_integrator_training(benchmark::State& state) {
    neurons_training(state, kernels::LeakyIntegrator{true});
}

/// Neurons with graded spikes of up to seven levels: their constants, and what they give.
struct Graded {
    Buffer<word> spikes;
    Numbers leak, threshold, dleak, dthreshold;

    explicit Graded(Btc n)
        : spikes(n.T * Element<graded<3>>::row_units(n.C)),
          leak(n.C),
          threshold(n.C),
          dleak(n.C),
          dthreshold(n.C) {
        std::fill_n(leak.data(), n.C, 0.5F);
        std::fill_n(threshold.data(), n.C, 0.2F);
    }
};

void integer_lif_training(benchmark::State& state) {
    Activations a(state, 4);
    Graded g(a.n);
    using Lif = kernels::IntegerLif<Serial<>, graded<3>>;
    for (auto _ : state) {
        Lif::forward<float>({}, a.n, {}, g.leak.data(), g.threshold.data(), a[0], g.spikes.data(),
                            a[1], nullptr);
        Lif::backward<float>({}, a.n, {}, Triangle{}, g.leak.data(), g.threshold.data(), a[1], a[2],
                             0, a.fresh(3), g.dleak.data(), g.dthreshold.data());
        benchmark::ClobberMemory();
    }
}

void event_node_training(benchmark::State& state) {
    Activations a(state, 4);
    Graded g(a.n);
    using Node = kernels::EventNode<Serial<>, graded<3>>;
    for (auto _ : state) {
        Node::forward<float>({}, a.n.T, a.n.C, {}, a[0], g.threshold.data(), g.spikes.data(), a[1]);
        Node::backward<float>({}, a.n.T, a.n.C, {}, Triangle{}, a[1], g.threshold.data(), a[2], 0,
                              a.fresh(3), g.dthreshold.data());
        benchmark::ClobberMemory();
    }
}

void heaviside_training(benchmark::State& state) {
    Activations a(state, 3);
    using Heaviside = kernels::Heaviside<Serial<>>;
    for (auto _ : state) {
        Heaviside::forward<float>({}, a.n.T, a.n.C, 0, a[0], a.spikes.data());
        Heaviside::backward<float>({}, a.size, 0, Arctan{}, a[0], a[1], a.fresh(2));
        benchmark::ClobberMemory();
    }
}

void wkv_forward(benchmark::State& state) {
    Activations a(state, 3);
    Numbers const w = random_numbers(a.n.C, 8), u = random_numbers(a.n.C, 9);
    for (auto _ : state) {
        kernels::Wkv<Serial<>>::forward<float>({}, a.n, w.data(), u.data(), a[0], a[1], a[2],
                                               nullptr, nullptr);
        benchmark::ClobberMemory();
    }
}

void wkv_training(benchmark::State& state) {
    Activations a(state, 6);
    Numbers const w = random_numbers(a.n.C, 8), u = random_numbers(a.n.C, 9);
    Numbers history(3 * a.size), dw(a.n.C), du(a.n.C);
    using Wkv = kernels::Wkv<Serial<>>;
    for (auto _ : state) {
        Wkv::forward<float>({}, a.n, w.data(), u.data(), a[0], a[1], a[2], history.data(), nullptr);
        Wkv::backward<float>({}, a.n, w.data(), u.data(), a[0], a[1], a[2], history.data(), a[3],
                             a.fresh(4), a.fresh(5), dw.data(), du.data());
        benchmark::ClobberMemory();
    }
}

void layer_norm_training(benchmark::State& state) {
    Activations a(state, 4);
    Numbers const gain = random_numbers(a.n.C, 8), bias = random_numbers(a.n.C, 9);
    Numbers statistics(2 * a.n.T), dgain(a.n.C), dbias(a.n.C);
    using LayerNorm = kernels::LayerNorm<Serial<>>;
    for (auto _ : state) {
        LayerNorm::forward<float>({}, a.n.T, a.n.C, 1e-5F, a[0], gain.data(), bias.data(), a[1],
                                  statistics.data());
        LayerNorm::backward<float>({}, a.n.T, a.n.C, a[0], gain.data(), statistics.data(), a[2],
                                   a.fresh(3), dgain.data(), dbias.data());
        benchmark::ClobberMemory();
    }
}

void shift_mix_training(benchmark::State& state) {
    Activations a(state, 8);
    Numbers const m = random_numbers(3 * a.n.C, 8);
    Numbers dm(3 * a.n.C);
    index const C = a.n.C;
    using Mix = kernels::ShiftMix<Serial<>>;
    Mix::Each<float const, 3> const weights{m.data(), m.data() + C, m.data() + 2 * C};
    for (auto _ : state) {
        Mix::forward<float, 3>({}, a.n, a[0], weights, {a[1], a[2], a[3]}, nullptr);
        Mix::backward<float, 3>({}, a.n, a[0], weights, {a[4], a[5], a[6]}, a.fresh(7),
                                {dm.data(), dm.data() + C, dm.data() + 2 * C});
        benchmark::ClobberMemory();
    }
}

void cross_entropy_training(benchmark::State& state) {
    Activations a(state, 2);
    std::vector<std::int32_t> const targets(static_cast<std::size_t>(a.n.T), 3);
    std::vector<double> nats(targets.size());
    Numbers log_sum(2 * a.n.T);
    using CrossEntropy = kernels::CrossEntropy<Serial<>>;
    for (auto _ : state) {
        CrossEntropy::forward<float>({}, a.n.T, a.n.C, a[0], targets.data(), nats.data(),
                                     log_sum.data());
        CrossEntropy::backward<float>({}, a.n.T, a.n.C, a[0], targets.data(), log_sum.data(), 1.0F,
                                      false, a.fresh(1));
        benchmark::ClobberMemory();
    }
}

constexpr index vocabulary = 256;

void embedding_gradient(benchmark::State& state) {
    Activations a(state, 1);
    std::vector<std::int32_t> ids;
    for (index t = 0; t < a.n.T; ++t) {
        ids.push_back(static_cast<std::int32_t>(7 * t % vocabulary));
    }
    Numbers table(vocabulary * a.n.C);
    for (auto _ : state) {
        kernels::Gather<Serial<>>::backward<float>({}, a.n.T, a.n.C, ids.data(), a[0],
                                                   table.data());
        benchmark::ClobberMemory();
    }
}

void adam(benchmark::State& state) {
    Activations a(state, 4);
    kernels::AdamStep const step{.learning_rate = 1e-3,
                                 .beta1 = 0.9,
                                 .beta2 = 0.99,
                                 .epsilon = 1e-8,
                                 .weight_decay = 0,
                                 .decoupled = false,
                                 .scale = 1,
                                 .count = 10};
    for (float& square : a.arrays[3].span()) { square = std::abs(square); }
    for (auto _ : state) {
        kernels::Adam<Serial<>>::step<float>({}, a.size, step, a[0], a[1], a[2], a[3]);
        benchmark::ClobberMemory();
    }
}

/// What memory takes for the passes alone, each a page of every array after another.
void memory_alone(benchmark::State& state, std::vector<Pass> const& passes) {
    int most = 0;
    for (Pass const& pass : passes) { most = std::max(most, pass.arrays()); }
    Activations a(state, most);
    using B = simd::Batch<float, Serial<>>;
    B sum(0);
    auto const touch = [&](Pass pass, index begin, index end) {
        for (int k = 0; k < pass.arrays(); ++k) {
            float* const x = a[static_cast<std::size_t>(k)];
            simd::for_each_batch<B>(begin, end, [&](index i, auto lanes) {
                if (k < pass.reads) {
                    sum += simd::load<B>(x + i, lanes);
                } else if (k < pass.reads + pass.writes) {
                    simd::store(x + i, sum, lanes);
                } else {
                    simd::store(x + i, simd::load<B>(x + i, lanes) + B(1), lanes);
                }
            });
        }
    };
    constexpr index page = 1024;
    for (auto _ : state) {
        for (Pass const& pass : passes) {
            index const size = std::min(pass.rows, a.n.T) * a.n.C;
            for (index i = 0; i < size; i += page) { touch(pass, i, std::min(i + page, size)); }
        }
        benchmark::DoNotOptimize(simd::sum(sum));
        benchmark::ClobberMemory();
    }
}

/// Time and channels: in the L2 cache, out of it, out of all.
void sizes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"T", "C"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    b->Args({64, 512})->Args({1024, 512})->Args({1024, 2048})->Args({8192, 2048});
}

/// Logits of bytes and of words.
void vocabularies(benchmark::internal::Benchmark* b) {
    b->ArgNames({"T", "V"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    b->Args({1024, 256})->Args({128, 50277});
}

BENCHMARK(probe_read)->Apply(sizes);
BENCHMARK(probe_copy)->Apply(sizes);
BENCHMARK(probe_update)->Apply(sizes);

struct Kernel {
    char const* name;
    void (*run)(benchmark::State&);
    double operations;         // of an element, as support.hpp counts them
    std::vector<Pass> passes;  // forward and backward
    void (*sizes)(benchmark::internal::Benchmark*) = spikelet::bench::sizes;
};

std::vector<Kernel> kernels_of_one_pass() {
    return {
        {"lif_forward", lif_forward, 6, {{.reads = 1}}},
        {"lif_training", lif_training, 20, {{.reads = 1, .writes = 1}, {.reads = 2, .writes = 1}}},
        {"parametric_lif_training",
         parametric_lif_training,
         27,
         {{.reads = 1, .writes = 1}, {.reads = 3, .writes = 1}}},
        {"adaptive_lif_training",
         adaptive_lif_training,
         46,
         {{.reads = 1, .writes = 2}, {.reads = 4, .writes = 1}}},
        {"leaky_integrator_training",
         leaky_integrator_training,
         10,
         {{.reads = 1, .writes = 1}, {.reads = 3, .writes = 1}}},
        {"integer_lif_training",
         integer_lif_training,
         64,
         {{.reads = 1, .writes = 1}, {.reads = 2, .writes = 1}}},
        {"event_node_training",
         event_node_training,
         48,
         {{.reads = 1, .writes = 1}, {.reads = 2, .writes = 1}}},
        {"heaviside_training", heaviside_training, 8, {{.reads = 1}, {.reads = 2, .writes = 1}}},
        {"wkv_forward", wkv_forward, 57, {{.reads = 2, .writes = 1}}},
        {"wkv_training", wkv_training, 170, {{.reads = 2, .writes = 4}, {.reads = 7, .writes = 2}}},
        {"layer_norm_training",
         layer_norm_training,
         22,
         {{.reads = 1, .writes = 1}, {.reads = 2, .writes = 1}}},
        {"shift_mix_training",
         shift_mix_training,
         28,
         {{.reads = 1, .writes = 3}, {.reads = 4, .writes = 1}}},
        {"embedding_gradient",
         embedding_gradient,
         1,
         {{.reads = 1}, {.updates = 1, .rows = vocabulary}}},
        {"adam", adam, 18, {{.updates = 4}}},
        {"cross_entropy_training",
         cross_entropy_training,
         46,
         {{.reads = 1}, {.reads = 1, .writes = 1}},
         vocabularies}};
}

/// Each kernel beside the memory.
void register_kernels() {
    for (Kernel const& kernel : kernels_of_one_pass()) {
        auto const add = [&](std::string const& who, double operations,
                             std::function<void(benchmark::State&)> run) {
            auto const counted = [=](benchmark::State& state) {
                run(state);
                double floats = 0;
                for (Pass const& pass : kernel.passes) {
                    floats += pass.floats(state.range(0), state.range(1));
                }
                double const elements = area(state.range(0), state.range(1));
                report(state, {operations * elements, 4 * floats});
            };
            auto const name = kernel.name + ("/" + who);
            benchmark::RegisterBenchmark(name.c_str(), counted)->Apply(kernel.sizes);
        };
        add("one_thread", kernel.operations, kernel.run);
        add("memory", 0, [=](benchmark::State& state) { memory_alone(state, kernel.passes); });
    }
}

}  // namespace
}  // namespace spikelet::bench

int main(int count, char** arguments) {
    spikelet::bench::register_kernels();
    return spikelet::bench::run_benchmarks(count, arguments);
}
