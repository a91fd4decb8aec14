// expect: session: the operator() of the model and of all its layers must be constexpr
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/session.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/linear.hpp>

struct Model {
    spikelet::Embedding<16, 8> embed;
    spikelet::Linear<8, 16> head;
    SPIKELET_PARTS(embed, head)
    auto operator()(auto ids) const { return head(embed(ids)); }
};

void wrong(Model const& model) { spikelet::Session session{model}; }
