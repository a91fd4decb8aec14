// SPDX-License-Identifier: MIT
//
// One layer source in three contexts: every variant gives the same bits in all of them.
#include <spikelet/models/spikegpt.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/reversible.hpp>
#include <spikelet/autodiff/session.hpp>

#include <support/every_way.hpp>
#include <support/lively_spikegpt.hpp>
#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::spikegpt_contexts_test {
namespace {

constexpr index V = 23;
constexpr index C = 20;

using Logits = std::vector<float>;

SpikeGpt<> model_of(Variant const& variant, index vocabulary, index channels) {
    return lively_model(make_config(variant, vocabulary, 2, channels));
}

TEST_CASE(
    "contexts: logits, spikes and all that is between have the same bits however texts are read") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        CHECK(odd_way(model_of(variant, V, C), random_tokens(8, 70, V)) == "");
        // So large that kernels share the work out.
        CHECK(odd_way(model_of(variant, 70, 66), random_tokens(2, 200, 70)) == "");
    }
}

TEST_CASE("contexts: a conversation can be forked, kept, taken up again and rolled back") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto const model = model_of(variant, V, C);
        auto const prompt = random_tokens(1, 17, V, 1);
        auto const answer = random_tokens(1, 9, V, 2);
        auto const finish = [&](auto& session) {
            auto const last = session.feed(answer.ids);
            return Logits(last.begin(), last.end());
        };
        Session session{model, SessionOptions{.chunk = 5}};
        (void)session.feed(prompt.ids);
        std::vector<float> const kept(session.state().begin(), session.state().end());
        auto fork = session;
        auto const expected = finish(session);
        CHECK(same_bits(finish(fork), expected));
        session.restore(kept);
        CHECK(same_bits(finish(session), expected));
        Session another{model, SessionOptions{.chunk = 2}};
        another.restore(kept);
        CHECK(same_bits(finish(another), expected));
        session.reset();
        CHECK_FALSE(same_bits(finish(session), expected));
        session.reset();
        Reversible reversible{session, 6};
        (void)reversible.feed(prompt.ids);
        (void)reversible.feed(random_tokens(1, 6, V, 3).ids);
        (void)reversible.roll_back(6);
        CHECK(same_bits(finish(reversible), expected));
    }
}

}  // namespace
}  // namespace spikelet::test::spikegpt_contexts_test
