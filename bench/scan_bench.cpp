// SPDX-License-Identifier: MIT
//
// Kernels that pass over their data once, beside the memory's own speed: bytes/s counts what must
// be read and written at least, "elements/s" the numbers of an activation. The probes read, copy
// and update arrays of the same size and say what the machine can do.
#include "support.hpp"

#include <spikelet/kernels/adam.hpp>
#include <spikelet/kernels/cross_entropy.hpp>
#include <spikelet/kernels/gather.hpp>
#include <spikelet/kernels/layer_norm.hpp>
#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/shift_mix.hpp>
#include <spikelet/kernels/surrogate.hpp>
#include <spikelet/kernels/wkv.hpp>

namespace spikelet::bench {
namespace {

using kernels::Btc;

/// Counts n elements, and `floats` numbers of memory traffic for each.
void traffic(benchmark::State& state, index n, double floats) {
    rate(state, "elements/s", static_cast<double>(n));
    state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<double>(state.iterations()) *
                                                      static_cast<double>(n) * 4 * floats));
}

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
            arrays.push_back(random_numbers(size, static_cast<unsigned>(i + 1)));
        }
    }
    float* operator[](std::size_t i) { return arrays[i].data(); }
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
    traffic(state, a.size, 1);
}

void probe_copy(benchmark::State& state) {
    Activations a(state, 2);
    for (auto _ : state) {
        std::copy_n(a[0], a.size, a[1]);
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 2);
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
    traffic(state, a.size, 2);
}

void lif_forward(benchmark::State& state) {
    Activations a(state, 1);
    using Lif = kernels::Lif<Serial<>>;
    for (auto _ : state) {
        Lif::forward<float>({}, a.n, {.threshold = 0.3}, a[0], a.spikes.data(), nullptr, nullptr);
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 1 + 1.0 / 32);
}

void lif_training(benchmark::State& state) {
    Activations a(state, 4);
    using Lif = kernels::Lif<Serial<>>;
    LifOptions const options{.threshold = 0.3};
    for (auto _ : state) {
        Lif::forward<float>({}, a.n, options, a[0], a.spikes.data(), a[1], nullptr);
        Lif::backward<float>({}, a.n, options, Arctan{}, a[1], a[2], nullptr, a[3], nullptr);
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 2 + 4 + 1.0 / 32);
}

void wkv_forward(benchmark::State& state) {
    Activations a(state, 3);
    Numbers const w = random_numbers(a.n.C, 8), u = random_numbers(a.n.C, 9);
    for (auto _ : state) {
        kernels::Wkv<Serial<>>::forward<float>({}, a.n, w.data(), u.data(), a[0], a[1], a[2],
                                               nullptr, nullptr);
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 3);
}

void wkv_training(benchmark::State& state) {
    Activations a(state, 6);
    Numbers const w = random_numbers(a.n.C, 8), u = random_numbers(a.n.C, 9);
    Numbers history(3 * a.size), dw(a.n.C), du(a.n.C);
    using Wkv = kernels::Wkv<Serial<>>;
    for (auto _ : state) {
        Wkv::forward<float>({}, a.n, w.data(), u.data(), a[0], a[1], a[2], history.data(), nullptr);
        Wkv::backward<float>({}, a.n, w.data(), u.data(), a[0], a[1], a[2], history.data(), a[3],
                             a[4], a[5], dw.data(), du.data());
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 3 + 4 + 4);
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
                                   a[3], dgain.data(), dbias.data());
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 2 + 4);
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
        Mix::backward<float, 3>({}, a.n, a[0], weights, {a[4], a[5], a[6]}, a[7],
                                {dm.data(), dm.data() + C, dm.data() + 2 * C});
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 4 + 6);
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
                                      false, a[1]);
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 1 + 3);
}

void embedding_gradient(benchmark::State& state) {
    Activations a(state, 1);
    std::vector<std::int32_t> ids;
    for (index t = 0; t < a.n.T; ++t) { ids.push_back(static_cast<std::int32_t>(7 * t % 256)); }
    Numbers table(256 * a.n.C);
    for (auto _ : state) {
        kernels::Gather<Serial<>>::backward<float>({}, a.n.T, a.n.C, ids.data(), a[0],
                                                   table.data());
        benchmark::ClobberMemory();
    }
    traffic(state, a.size, 1 + 2.0 * 256 / static_cast<double>(a.n.T));
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
    traffic(state, a.size, 8);
}

/// Time and channels: in the L2 cache, out of it, out of all.
void sizes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"T", "C"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    b->Args({64, 512})->Args({1024, 512})->Args({1024, 2048})->Args({8192, 2048});
}

BENCHMARK(probe_read)->Apply(sizes);
BENCHMARK(probe_copy)->Apply(sizes);
BENCHMARK(probe_update)->Apply(sizes);
BENCHMARK(lif_forward)->Apply(sizes);
BENCHMARK(lif_training)->Apply(sizes);
BENCHMARK(wkv_forward)->Apply(sizes);
BENCHMARK(wkv_training)->Apply(sizes);
BENCHMARK(layer_norm_training)->Apply(sizes);
BENCHMARK(shift_mix_training)->Apply(sizes);
BENCHMARK(embedding_gradient)->Apply(sizes);
BENCHMARK(adam)->Apply(sizes);
BENCHMARK(cross_entropy_training)
    ->ArgNames({"T", "V"})
    ->Args({1024, 256})
    ->Args({128, 50277})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace spikelet::bench

BENCHMARK_MAIN();
