// expect: and so must its constructor without arguments, if it has one
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/session.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/linear.hpp>

struct Model {
    Model() : embed() {}
    spikelet::Embedding<16, 8> embed;
    spikelet::Linear<8, 16> head;
    SPIKELET_PARTS(embed, head)
    constexpr auto operator()(auto ids) const { return head(embed(ids)); }
};

void wrong(Model const& model) { spikelet::Session session{model}; }
