// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/forward.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/core/tensor.hpp>

#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::forward_test {
namespace {

template <class Context>
std::vector<float> logits(Context& context, TinyLm<> const& model, Tokens const& tokens) {
    auto const y = model(context.begin(tokens));
    return {y.data, y.data + y.extents.size()};
}

/// Logits [batch, time, 11] of steps [from, to).
std::vector<float> steps(std::vector<float> const& all, Tokens const& tokens, index from,
                         index to) {
    std::vector<float> part;
    for (index b = 0; b < tokens.batch; ++b) {
        auto const start = all.begin() + b * tokens.time * 11;
        part.insert(part.end(), start + from * 11, start + to * 11);
    }
    return part;
}

TEST_CASE("forward: the same bits as on a tape, for any number of threads") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(3, 13, 11);
    Forward forward;
    Tape tape;
    auto const y = logits(forward, model, tokens);
    CHECK(same_bits(y, logits(tape, model, tokens)));
    for (int const threads : {2, 3}) {
        Forward parallel(OpenMp<>{threads});
        CHECK(same_bits(y, logits(parallel, model, tokens)));
    }
}

TEST_CASE("forward: every pass starts at rest unless state is carried") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(2, 7, 11);
    Forward fresh;
    auto const first = logits(fresh, model, tokens);
    CHECK(same_bits(first, logits(fresh, model, tokens)));
    Forward carrying(serial, {.carry_state = true});
    CHECK(same_bits(first, logits(carrying, model, tokens)));
    CHECK_FALSE(same_bits(first, logits(carrying, model, tokens)));
    carrying.state().reset();
    CHECK(same_bits(first, logits(carrying, model, tokens)));
}

TEST_CASE("forward: chunks with carried state equal the whole sequence bit for bit") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(2, 12, 11);
    Forward at_once;
    auto const whole = logits(at_once, model, tokens);
    for (index split = 1; split < tokens.time; ++split) {
        Forward forward(serial, {.carry_state = true});
        auto const first = logits(forward, model, part_of(tokens, 0, split));
        auto const second = logits(forward, model, part_of(tokens, split, tokens.time));
        CHECK(same_bits(first, steps(whole, tokens, 0, split)));
        CHECK(same_bits(second, steps(whole, tokens, split, tokens.time)));
    }
    for (index const chunk : {1, 5}) {
        Forward forward(serial, {.carry_state = true});
        for (index t = 0; t < tokens.time; t += chunk) {
            index const end = std::min(tokens.time, t + chunk);
            CHECK(same_bits(logits(forward, model, part_of(tokens, t, end)),
                            steps(whole, tokens, t, end)));
        }
    }
}

TEST_CASE("forward: a batch that changes while state is carried is an error") {
    auto const model = tiny_lm();
    Forward forward(serial, {.carry_state = true});
    (void)logits(forward, model, random_tokens(2, 3, 11));
    CHECK_THROWS_AS((void)logits(forward, model, random_tokens(3, 3, 11)), Error);
    forward.state().reset();
    CHECK_NOTHROW((void)logits(forward, model, random_tokens(3, 3, 11)));
}

TEST_CASE("forward: a pass that carries less than the one before is an error once it is over") {
    auto const deep = tiny_lm<TinyLm<11, 64, 2>>();
    auto const shallow = tiny_lm<TinyLm<11, 64, 1>>();
    auto const tokens = random_tokens(2, 3, 11);
    Forward forward(serial, {.carry_state = true});
    auto const pass = [&](auto const& model) { (void)model(forward.begin(tokens)); };
    pass(deep);
    auto const carried = forward.state().numbers().size();
    CHECK(carried > 0);
    pass(shallow);
    auto const message = "carried state: the batch or the model changed while " +
                         std::to_string(carried) + " numbers are carried; call state().reset()";
    CHECK_THROWS_WITH_AS((void)forward.state().numbers(), message.c_str(), Error);
    CHECK_THROWS_WITH_AS(pass(deep), message.c_str(), Error);
    forward.state().reset();
    CHECK_NOTHROW(pass(shallow));
    CHECK_THROWS_AS(pass(deep), Error);
}

TEST_CASE("forward: a pass that carries nothing leaves the state as it is") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(2, 6, 11);
    Forward at_once;
    auto const whole = logits(at_once, model, tokens);
    Forward forward(serial, {.carry_state = true});
    auto const bad = Tokens{.ids = {-1, 0}, .batch = 2, .time = 1};
    CHECK_THROWS_AS((void)logits(forward, model, bad), Error);
    (void)logits(forward, model, part_of(tokens, 0, 3));
    CHECK_THROWS_AS((void)logits(forward, model, bad), Error);
    CHECK(same_bits(logits(forward, model, part_of(tokens, 3, 6)), steps(whole, tokens, 3, 6)));
}

TEST_CASE("forward: its state is saved and restored, also that of a tape, and goes on the same") {
    auto model = tiny_lm();
    allocate(model, true);
    auto const tokens = random_tokens(2, 9, 11);
    Forward at_once;
    auto const whole = logits(at_once, model, tokens);
    auto const check = [&](auto& context, auto&& end_pass) {
        auto const saved = [&] {
            auto const numbers = context.state().numbers();
            return std::vector<float>(numbers.begin(), numbers.end());
        };
        CHECK(saved().empty());
        end_pass(model(context.begin(part_of(tokens, 0, 4))));
        auto const state = saved();
        end_pass(model(context.begin(part_of(tokens, 4, 6))));
        CHECK_FALSE(saved() == state);

        Forward other(serial, {.carry_state = true});
        (void)logits(other, model, random_tokens(2, 3, 11, 5));
        other.state().restore(state);
        CHECK(std::ranges::equal(other.state().numbers(), state));
        CHECK(same_bits(logits(other, model, part_of(tokens, 4, 6)), steps(whole, tokens, 4, 6)));
        CHECK(same_bits(logits(other, model, part_of(tokens, 6, 9)), steps(whole, tokens, 6, 9)));
    };
    Forward forward(serial, {.carry_state = true});
    check(forward, [](auto const&) {});
    Tape tape(serial, {.carry_state = true});
    check(tape, [&](auto const& y) { tape.backward(y); });
}

TEST_CASE("forward: bad tokens are an error") {
    auto const model = tiny_lm();
    Forward forward;
    CHECK_THROWS_AS((void)logits(forward, model, Tokens{}), Error);
    CHECK_THROWS_AS((void)logits(forward, model, Tokens{.ids = {11}, .batch = 1, .time = 1}),
                    Error);
    CHECK_THROWS_AS((void)logits(forward, model, Tokens{.ids = {-1}, .batch = 1, .time = 1}),
                    Error);
}

TEST_CASE("forward: memory grows with the sequence, not with the depth") {
    auto const bytes = [](auto const& model) {
        Forward forward;
        (void)model(forward.begin(random_tokens(4, 512, 11)));
        return forward.bytes();
    };
    auto const shallow = bytes(tiny_lm<TinyLm<11, 64, 1>>());
    CHECK(bytes(tiny_lm<TinyLm<11, 64, 12>>()) == shallow);
    CHECK(shallow > 4 * 512 * 64 * 4);
}

TEST_CASE("forward: counts all memory: values, scratch, carried state") {
    Forward forward(serial, {.carry_state = true});
    auto const start = forward.bytes();
    (void)forward.scratch<double>(1000);
    CHECK(forward.bytes() == start + 8000);
    (void)forward.carry(300, {0.0F, 1.0F});
    (void)forward.carry(5, {0.0F});
    CHECK(forward.state().bytes() >= 4 * 605);
    CHECK(forward.bytes() == start + 8000 + forward.state().bytes());
}

struct CountTaps final : Observer {
    int charges = 0;
    int spikes = 0;
    void see(Tap const& tap) override {
        charges += tap.name == "h" ? 1 : 0;
        spikes += tap.name == "s" ? 1 : 0;
    }
};

TEST_CASE("forward: keeps the charge of neurons for an observer only, with the same logits") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(1, 5, 11);
    Forward forward;
    auto const unseen = logits(forward, model, tokens);
    CountTaps counter;
    forward.observe(&counter);
    CHECK(same_bits(unseen, logits(forward, model, tokens)));
    CHECK(counter.charges == 3);
    CHECK(counter.spikes == 3);
}

TEST_CASE_TEMPLATE("forward, tape: bits that belong to no spike do not enter", Context, Forward<>,
                   Tape<>) {
    Spikes<1, 10> spikes;
    spikes.row(0)[0] = ~word{0};
    Context context;
    auto const x = context.begin(std::as_const(spikes).view());
    CHECK(x.data[0] == 1023);
}

}  // namespace
}  // namespace spikelet::test::forward_test
