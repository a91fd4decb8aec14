// SPDX-License-Identifier: MIT
//
// Component edge: a model streams without exceptions and without RTTI.
#include <algorithm>

#include <spikelet/autodiff/session.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "spikelet::edge did not switch exceptions and RTTI off"
#endif

namespace sk = spikelet;

struct Model {
    sk::Embedding<16, 8> embed;
    sk::Lif<> neuron{.options = {.threshold = 0.1}};
    sk::Linear<8, 16> head;
    SPIKELET_PARTS(embed, neuron, head)

    constexpr auto operator()(auto ids) const { return head(neuron(embed(ids))); }
};

int main() {
    sk::Rng rng{42};
    Model model;
    sk::init(model, rng);
    sk::Session session{model};
    auto const logits = session(1);
    return std::ranges::any_of(logits, [](float y) { return y != 0; }) ? 0 : 1;
}
