// SPDX-License-Identifier: MIT
//
// One layer source in three contexts: every variant gives the same bits in all of them.
#include <spikelet/models/spikegpt.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>

#include <support/lively_spikegpt.hpp>
#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::spikegpt_contexts_test {
namespace {

constexpr index V = 23;
constexpr index C = 20;

using Logits = std::vector<float>;

SpikeGpt<> model_of(Variant const& variant) { return lively_model(make_config(variant, V, 2, C)); }

template <class Context>
Logits logits(Context& context, SpikeGpt<> const& model, Tokens const& tokens) {
    auto const y = model(context.begin(tokens));
    return {y.data, y.data + y.extents.size()};
}

/// Steps [from, to) of logits over all tokens.
Logits steps(Logits const& all, Tokens const& tokens, index from, index to) {
    Logits part;
    for (index b = 0; b < tokens.batch; ++b) {
        auto const first = all.begin() + b * tokens.time * V;
        part.insert(part.end(), first + from * V, first + to * V);
    }
    return part;
}

TEST_CASE("contexts: a session streams the bits of the whole sequence, in chunks and batches") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto const model = model_of(variant);
        for (index const batch : {1, 4}) {
            auto const tokens = random_tokens(batch, 70, V);
            Forward forward;
            auto const whole = logits(forward, model, tokens);
            for (index const chunk : {1, 3, 64}) {
                CAPTURE(batch);
                CAPTURE(chunk);
                Session session{model, SessionOptions{batch, chunk}};
                bool same = true;
                for (index t = 0; t < tokens.time; t += chunk) {
                    index const end = std::min(tokens.time, t + chunk);
                    auto const part = part_of(tokens, t, end);
                    auto const y = session(std::span<std::int32_t const>(part.ids));
                    same = same && same_bits(Logits(y.data(), y.data() + y.size()),
                                             steps(whole, tokens, t, end));
                }
                CHECK(same);
            }
        }
    }
}

TEST_CASE("contexts: evaluation carries its state over any split") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto const model = model_of(variant);
        auto const tokens = random_tokens(2, 12, V);
        Forward at_once;
        auto const whole = logits(at_once, model, tokens);
        bool same = true;
        for (index split = 1; split < tokens.time; ++split) {
            Forward forward(serial, {.carry_state = true});
            auto const first = logits(forward, model, part_of(tokens, 0, split));
            auto const second = logits(forward, model, part_of(tokens, split, tokens.time));
            same = same && same_bits(first, steps(whole, tokens, 0, split)) &&
                   same_bits(second, steps(whole, tokens, split, tokens.time));
        }
        CHECK(same);
    }
}

TEST_CASE("contexts: a conversation can be forked, kept and taken up again") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto const model = model_of(variant);
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
    }
}

TEST_CASE("contexts: any number of threads gives the same bits") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto const model = lively_model(make_config(variant, 70, 2, 66));
        auto const tokens = random_tokens(2, 200, 70);
        Forward forward;
        auto const expected = logits(forward, model, tokens);
        for (int const threads : {2, 3}) {
            Forward parallel(OpenMp<>{threads});
            CHECK(same_bits(logits(parallel, model, tokens), expected));
        }
    }
}

}  // namespace
}  // namespace spikelet::test::spikegpt_contexts_test
