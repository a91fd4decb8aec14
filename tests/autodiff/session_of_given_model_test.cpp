// SPDX-License-Identifier: MIT
// Models whose sizes are given at run time, which nobody can make by default.
#include <spikelet/autodiff/session.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>

#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::session_of_given_model_test {
namespace {

struct GivenLm {
    explicit GivenLm(index layers) : blocks(static_cast<std::size_t>(layers)) {}

    Embedding<11, 9> embed;
    std::vector<TinyBlock<9>> blocks;
    Linear<9, 11> head;
    SPIKELET_PARTS(embed, blocks, head)

    constexpr auto operator()(auto ids) const { return head(chain(blocks, embed(ids))); }
};

TEST_CASE("session: a model that takes its sizes when it is made streams as others do") {
    GivenLm model(2);
    Rng rng(1);
    init(model, rng);
    auto const tokens = random_tokens(1, 9, 11);
    Forward forward;
    auto const all = model(forward.begin(tokens));
    Session deduced{model};
    Session with_options{model, SessionOptions{.chunk = 9}};
    std::span<float const> const last(all.data + 8 * 11, 11);
    CHECK(same_bits(deduced.feed(tokens.ids), last));
    CHECK(same_bits(with_options.feed(tokens.ids), last));
}

}  // namespace
}  // namespace spikelet::test::session_of_given_model_test
