// SPDX-License-Identifier: MIT
//
// One training step of SpikeGPT: forward, backward, clipping, Adam. Reports tokens/s, the tape's
// memory, and the most that the process held. Its peer is torch_training.py; compare_training runs
// both in turns.
//
// How fast spikes are depends on how many there are, and models that have learnt fire more often
// than new ones: `training_bench --steps=1000 --text=FILE` first trains every model for so many
// steps of 128 bytes of the text, outside the time that is measured.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <spikelet/spikelet.hpp>

namespace sk = spikelet;

namespace {

/// What comes before the steps that are timed.
struct Lessons {
    int steps = 0;
    std::string text;
} lessons;

/// Gives back what is free and forgets what the process once held (Linux), so that the next peak is
/// that of one benchmark.
void forget_peak() {
#if defined(__GLIBC__)
    ::malloc_trim(0);
#endif
    std::ofstream("/proc/self/clear_refs") << 5;
}

/// The most memory that the process held since, in MiB; 0 where the system does not tell.
double peak_mebibytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) { return std::strtod(line.c_str() + 6, nullptr) / 1024; }
    }
    return 0;
}

/// Bytes to learn from, and those that follow each.
struct Example {
    sk::Tokens input, target;
};

Example random_bytes(sk::index time, sk::Rng& rng) {
    Example some;
    some.input.resize(1, time);
    for (std::int32_t& id : some.input.ids) { id = static_cast<std::int32_t>(rng.below(256)); }
    some.target = some.input;
    return some;
}

Example part_of_text(sk::index time, sk::Rng& rng) {
    Example some;
    some.input.resize(1, time);
    some.target.resize(1, time);
    auto const from = rng.below(static_cast<sk::index>(lessons.text.size()) - time);
    for (std::size_t t = 0; t < some.input.ids.size(); ++t) {
        auto const at = static_cast<std::size_t>(from) + t;
        some.input.ids[t] = static_cast<unsigned char>(lessons.text[at]);
        some.target.ids[t] = static_cast<unsigned char>(lessons.text[at + 1]);
    }
    return some;
}

void training_step(benchmark::State& state, char const* variant,
                   sk::Products products = sk::Products::f32) {
    forget_peak();
    sk::index const layers = state.range(0);
    sk::index const channels = state.range(1);
    sk::index const time = state.range(2);
    sk::OpenMp<> const policy{static_cast<int>(state.range(3))};
    sk::SpikeGpt<> model{sk::make_config(sk::find_variant(variant), 256, layers, channels)};
    sk::Rng rng{1};
    sk::init_spikegpt(model, sk::Initialisation::A, rng);
    sk::Adam adam{model, {.clip_norm = 1.0}, policy};
    sk::Tape tape{policy, {.recompute = state.range(4) != 0, .products = products}};
    // What all events together add to the loss, as in spikegpt train.
    double const synapses = sk::event_synapses(model);
    tape.event_cost().set_price(synapses > 0 ? 0.2 / synapses : 0.0);
    auto const step = [&](Example const& example) {
        auto const loss =
            sk::cross_entropy(model(tape.begin(example.input)), example.target, {.l2_wrap = true});
        tape.backward(loss);
        benchmark::DoNotOptimize(adam.step());
    };
    for (int i = 0; i < lessons.steps; ++i) { step(part_of_text(128, rng)); }
    auto const example = lessons.steps > 0 ? part_of_text(time, rng) : random_bytes(time, rng);
    step(example);  // the first one takes the memory that all others use
    for (auto _ : state) { step(example); }
    auto const tokens = static_cast<double>(state.iterations() * time);
    state.counters["tokens/s"] = benchmark::Counter(tokens, benchmark::Counter::kIsRate);
    state.counters["tape MiB"] = static_cast<double>(tape.bytes()) / 1048576.0;
    state.counters["peak MiB"] = peak_mebibytes();
    sk::InputDensity density(model);
    tape.observe(&density);
    model(tape.begin(example.input));
    state.counters["density"] = density.mean();
}

/// Takes --steps=N and --text=FILE; false for anything else.
bool read_lessons(int count, char** arguments) {
    for (int i = 1; i < count; ++i) {
        std::string_view const argument = arguments[i];
        if (argument.starts_with("--steps=")) {
            lessons.steps = std::atoi(arguments[i] + 8);
        } else if (argument.starts_with("--text=")) {
            std::ifstream file(arguments[i] + 7, std::ios::binary);
            lessons.text.assign(std::istreambuf_iterator<char>(file), {});
        } else {
            return false;
        }
    }
    return lessons.steps == 0 || lessons.text.size() > 2048;
}

}  // namespace

BENCHMARK_CAPTURE(training_step, spikegpt, "spikegpt")
    ->Name("spikegpt")
    ->ArgNames({"L", "C", "T", "threads", "recompute"})
    ->Args({4, 128, 128, 1, 0})
    ->Args({12, 512, 1024, 1, 0})
    ->Args({12, 512, 1024, 1, 1})
    ->Args({12, 512, 1024, 2, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(training_step, spikegpt_bf16, "spikegpt", sk::Products::bf16)
    ->Name("spikegpt_bf16")
    ->ArgNames({"L", "C", "T", "threads", "recompute"})
    ->Args({12, 512, 1024, 1, 0})
    ->Args({12, 512, 1024, 2, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(training_step, spike_driven, "spike_driven")
    ->Name("spike_driven")
    ->ArgNames({"L", "C", "T", "threads", "recompute"})
    ->Args({12, 512, 1024, 1, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(training_step, event_driven, "event_driven")
    ->Name("event_driven")
    ->ArgNames({"L", "C", "T", "threads", "recompute"})
    ->Args({4, 128, 128, 1, 0})
    ->Args({12, 512, 1024, 1, 0})
    ->Args({12, 512, 1024, 2, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(training_step, spike_driven_bf16, "spike_driven", sk::Products::bf16)
    ->Name("spike_driven_bf16")
    ->ArgNames({"L", "C", "T", "threads", "recompute"})
    ->Args({12, 512, 1024, 1, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(training_step, event_driven_bf16, "event_driven", sk::Products::bf16)
    ->Name("event_driven_bf16")
    ->ArgNames({"L", "C", "T", "threads", "recompute"})
    ->Args({12, 512, 1024, 1, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

int main(int count, char** arguments) {
    benchmark::Initialize(&count, arguments);
    if (!read_lessons(count, arguments)) {
        std::fprintf(stderr, "training_bench: takes --steps=N with --text=FILE of 2 KiB or more, "
                             "and what Google Benchmark takes\n");
        return 1;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
