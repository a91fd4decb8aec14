// SPDX-License-Identifier: MIT
//
// A model with one layer of each kind streams without exceptions and without RTTI, in numbers of
// every type.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include <spikelet/autodiff/session.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/adaptive_lif.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/integer_lif.hpp>
#include <spikelet/nn/layer_norm.hpp>
#include <spikelet/nn/leaky_integrator.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/parametric_lif.hpp>
#include <spikelet/nn/synaptic_lif.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/quantize.hpp>
#include <spikelet/ops/shift.hpp>
#include <spikelet/ops/wkv.hpp>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "compile this with -fno-exceptions -fno-rtti"
#endif

namespace spikelet::test::edge_streams {
namespace {

/// Matrices are of W.
template <index V, index C, class W>
struct OneOfEach {
    Embedding<V, C> embed{};
    LayerNorm<C> norm{};
    Linear<C, C, W> key{}, value{};
    Parameter<C> decay{}, bonus{};
    EventNode<C> events{};
    Lif<> lif{};
    ParametricLif<C> parametric{};
    AdaptiveLif<C> adaptive{};
    SynapticLif<C> synaptic{};
    IntegerLif<C> integer{};
    LeakyIntegrator<C> integrator{};
    Linear<C, C, W> out{};
    Linear<C, V, W> head{};
    SPIKELET_PARTS(embed, norm, key, value, decay, bonus, events, lif, parametric, adaptive,
                   synaptic, integer, integrator, out, head)

    constexpr auto operator()(auto ids) const {
        auto const x = norm(embed(ids));
        auto const past = wkv(key(x), value(shift(x)), decay, bonus);
        auto const spoken = integrator(out(events(past)));
        auto const a = to_numbers(lif(x)) + to_numbers(parametric(x));
        auto const b = to_numbers(adaptive(x)) + to_numbers(synaptic(x));
        return head(spoken + a + b + to_numbers(integer(x)));
    }
};

/// Whether what is read token by token ends with the bits of what is read in portions.
template <class Model>
bool streams(Model const& model) {
    Rng rng{42};
    std::array<std::int32_t, 20> ids{};
    for (auto& id : ids) { id = static_cast<std::int32_t>(rng.below(11)); }
    Session one{model};
    Session many{model, SessionOptions{.chunk = 16}};
    auto const expected = one.feed(ids);
    bool const spoke = std::ranges::any_of(expected, [](float y) { return y != 0; });
    return spoke && std::ranges::equal(expected, many.feed(ids));
}

int failures() {
    Rng rng{1};
    OneOfEach<11, 9, float> trained;
    init(trained, rng);
    int failures = streams(trained) ? 0 : 1;
    OneOfEach<11, 9, any_weight> stored;
    for (auto const type :
         {WeightType::bf16, WeightType::int8, WeightType::int4, WeightType::ternary}) {
        each_stored_weight(stored, [&](std::string_view, auto& w) { w.store_as(type); });
        quantize(trained, stored);
        failures += streams(stored) ? 0 : 1;
    }
    return failures;
}

}  // namespace
}  // namespace spikelet::test::edge_streams

int main() {
    int const failures = spikelet::test::edge_streams::failures();
    std::printf("%d models differ when they are read in portions\n", failures);
    return failures;
}
