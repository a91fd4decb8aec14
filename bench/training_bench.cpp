// SPDX-License-Identifier: MIT
// One training step of SpikeGPT: forward, backward, clipping, Adam. Reports tokens/s and the tape's
// memory. Its peer is torch_training.py; compare_training runs both in turns.
#include <cstdint>

#include <benchmark/benchmark.h>

#include <spikelet/spikelet.hpp>

namespace sk = spikelet;

namespace {

void training_step(benchmark::State& state, char const* variant) {
    sk::index const layers = state.range(0);
    sk::index const channels = state.range(1);
    sk::index const time = state.range(2);
    sk::OpenMp<> const policy{static_cast<int>(state.range(3))};
    sk::SpikeGpt<> model{sk::make_config(sk::find_variant(variant), 256, layers, channels)};
    sk::Rng rng{1};
    sk::init_spikegpt(model, sk::Initialisation::A, rng);
    sk::Adam adam{model, {.clip_norm = 1.0}, policy};
    sk::Tape tape{policy};
    sk::Tokens ids;
    ids.resize(1, time);
    for (std::int32_t& id : ids.ids) { id = static_cast<std::int32_t>(rng.below(256)); }
    auto const step = [&] {
        auto const loss = sk::cross_entropy(model(tape.begin(ids)), ids, {.l2_wrap = true});
        tape.backward(loss);
        benchmark::DoNotOptimize(adam.step());
    };
    step();  // the first one takes the memory that all others use
    for (auto _ : state) { step(); }
    auto const tokens = static_cast<double>(state.iterations() * time);
    state.counters["tokens/s"] = benchmark::Counter(tokens, benchmark::Counter::kIsRate);
    state.counters["tape MiB"] = static_cast<double>(tape.bytes()) / 1048576.0;
}

}  // namespace

BENCHMARK_CAPTURE(training_step, spikegpt, "spikegpt")
    ->Name("spikegpt")
    ->ArgNames({"L", "C", "T", "threads"})
    ->Args({4, 128, 128, 1})
    ->Args({12, 512, 1024, 1})
    ->Args({12, 512, 1024, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(training_step, spike_driven, "spike_driven")
    ->Name("spike_driven")
    ->ArgNames({"L", "C", "T", "threads"})
    ->Args({12, 512, 1024, 1})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

BENCHMARK_MAIN();
