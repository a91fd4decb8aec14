// SPDX-License-Identifier: MIT
// Streaming: one token of one or several conversations, and a prompt of 512. Models are random;
// where matrices read spikes, layer norms are shifted until as many inputs are active as in trained
// models (docs/results.md). The peer is one pass of plain products over the same
// matrices as float: what any program that reads them must do.
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "support.hpp"

#include <spikelet/ops/quantize.hpp>
#include <spikelet/spikelet.hpp>

namespace spikelet::bench {
namespace {

using Stored = SpikeGpt<dyn, dyn, dyn, dyn, Arctan, float, any_weight>;
using Stream = Session<Stored, OpenMp<>, float, at_run_time>;

/// Active inputs of trained models in percent; 0 where matrices read numbers.
double trained_percent(SpikeGptConfig const& config) {
    if (config.spikes.inputs == Inputs::lif) { return 14; }
    return reads_events(config.spikes.inputs) ? 20 : 0;
}

struct Model {
    char const* variant;
    WeightType weights;
    index layers, channels, vocabulary;
    auto operator<=>(Model const&) const = default;
};

void shift_norms(Stored& model, float by) {
    each_part(PartName{}, model, [&](PartName const&, auto& part) {
        if constexpr (requires { part.bias; }) { std::ranges::fill(part.bias.span(), by); }
    });
}

/// Percent of the inputs of matrices that are active, over a few random tokens.
double percent_active(Stored const& model) {
    InputDensity density(model);
    Stream stream(model, OpenMp<>{1});
    stream.observe(&density);
    for (std::int32_t id = 0; id < 24; ++id) {
        stream(static_cast<std::int32_t>(id * 7919 % model.config.vocabulary));
    }
    return 100 * density.mean();
}

void make_fire(Stored& model, double percent) {
    float low = -4;
    float high = 4;
    for (int i = 0; i < 12; ++i) {
        float const middle = (low + high) / 2;
        shift_norms(model, middle);
        (percent_active(model) < percent ? low : high) = middle;
    }
}

std::unique_ptr<Stored> make_model(Model const& m) {
    auto const config = make_config(find_variant(m.variant), m.vocabulary, m.layers, m.channels);
    SpikeGpt<> numbers{config};
    Rng rng{1};
    init_spikegpt(numbers, Initialisation::A, rng);
    auto stored = std::make_unique<Stored>(config);
    each_stored_weight(*stored, [&](std::string_view, auto& w) { w.store_as(m.weights); });
    quantize(numbers, *stored);
    if (double const percent = trained_percent(config); percent > 0) {
        make_fire(*stored, percent);
    }
    return stored;
}

/// The same model for all benchmarks that want it.
Stored const& model_of(Model const& m) {
    static std::map<Model, std::unique_ptr<Stored>> models;
    auto& model = models[m];
    if (!model) { model = make_model(m); }
    return *model;
}

void count(benchmark::State& state, Stored const& model, index tokens) {
    rate(state, "tokens/s", static_cast<double>(tokens));
    index bytes = 0;
    each_stored_weight(model, [&](std::string_view, auto const& w) { bytes += w.codes.size(); });
    state.counters["MB of matrices"] = static_cast<double>(bytes) / 1e6;
    if (model.config.spikes.inputs != Inputs::numbers) {
        state.counters["percent"] = percent_active(model);
    }
}

/// One token of each of some conversations.
void decode(benchmark::State& state, char const* variant, WeightType weights) {
    auto const& model =
        model_of({variant, weights, state.range(0), state.range(1), state.range(2)});
    index const batch = state.range(3);
    Stream stream(model, SessionOptions{.batch = batch},
                  OpenMp<>{static_cast<int>(state.range(4))});
    std::vector<std::int32_t> ids(static_cast<std::size_t>(batch));
    Rng rng{2};
    for (auto _ : state) {
        for (auto& id : ids) {
            id = static_cast<std::int32_t>(rng.below(static_cast<std::uint32_t>(state.range(2))));
        }
        benchmark::DoNotOptimize(stream(std::span<std::int32_t const>(ids)).data());
    }
    count(state, model, batch);
}

/// A prompt, some tokens at a time.
void prefill(benchmark::State& state, char const* variant, WeightType weights) {
    auto const& model =
        model_of({variant, weights, state.range(0), state.range(1), state.range(2)});
    Stream stream(model, SessionOptions{.chunk = state.range(4)}, OpenMp<>{1});
    std::vector<std::int32_t> ids(static_cast<std::size_t>(state.range(3)));
    Rng rng{2};
    for (auto& id : ids) {
        id = static_cast<std::int32_t>(rng.below(static_cast<std::uint32_t>(state.range(2))));
    }
    for (auto _ : state) {
        stream.reset();
        benchmark::DoNotOptimize(stream.feed(ids).data());
    }
    count(state, model, state.range(3));
}

/// The dense product of one row with every matrix of a model.
void products(benchmark::State& state) {
    auto const& model =
        model_of({"spikegpt", WeightType::f32, state.range(0), state.range(1), state.range(2)});
    index const widest = std::max(4 * state.range(1), state.range(2));
    Numbers const x = random_numbers(widest, 1);
    Numbers y(widest);
    auto const multiply = [&] {
        each_stored_weight(model, [&](std::string_view, auto const& w) {
            kernels::MatmulSize const n{1, w.extents()[0], w.extents()[1]};
            auto const* const numbers = reinterpret_cast<float const*>(w.codes.value());
            kernels::Matmul<Serial<>>::forward<float>({}, n, x.data(), numbers, y.data(), nullptr);
        });
        benchmark::ClobberMemory();
    };
    multiply();
    for (auto _ : state) { multiply(); }
    count(state, model, 1);
}

using Benchmark = benchmark::internal::Benchmark;

void sizes(Benchmark* b) { b->UseRealTime()->Unit(benchmark::kMillisecond); }

void streams(Benchmark* b) {
    sizes(b);
    b->ArgNames({"L", "C", "V", "batch", "threads"});
    b->Args({2, 64, 300, 2, 1});
    for (int const batch : {1, 16}) { b->Args({12, 768, 50277, batch, 1}); }
    b->Args({12, 768, 50277, 1, 2});
}

void prompts(Benchmark* b) {
    sizes(b);
    b->ArgNames({"L", "C", "V", "tokens", "chunk"});
    b->Args({2, 64, 300, 32, 16});
    for (int const chunk : {1, 64, 512}) { b->Args({12, 768, 50277, 512, chunk}); }
}

void register_all() {
    for (char const* variant : {"spikegpt", "spike_driven", "event_driven"}) {
        for (auto const& [name, type] : weight_types) {
            std::string const which = std::string(variant) + "/" + std::string(name);
            benchmark::RegisterBenchmark(("decode_" + which).c_str(), decode, variant, type)
                ->Apply(streams);
            benchmark::RegisterBenchmark(("prefill_" + which).c_str(), prefill, variant, type)
                ->Apply(prompts);
        }
    }
    auto* const peer = benchmark::RegisterBenchmark("products/f32", products);
    peer->ArgNames({"L", "C", "V"})->Args({2, 64, 300})->Args({12, 768, 50277})->Apply(sizes);
}

}  // namespace
}  // namespace spikelet::bench

int main(int argc, char** argv) {
    spikelet::bench::register_all();
    return spikelet::bench::run_benchmarks(argc, argv);
}
