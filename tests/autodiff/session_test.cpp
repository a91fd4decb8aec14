// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/session.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>

#include <support/every_way.hpp>
#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::session_test {
namespace {

using Logits = std::vector<float>;

Logits to_vector(std::span<float const> x) { return {x.begin(), x.end()}; }

/// Logits [batch, time, 11] over whole sequences.
Logits whole(TinyLm<> const& model, Tokens const& tokens) {
    Forward forward;
    auto const y = model(forward.begin(tokens));
    return {y.data, y.data + y.extents.size()};
}

Logits row(Logits const& all, index r) {
    return {all.begin() + r * 11, all.begin() + (r + 1) * 11};
}

TEST_CASE("session: token by token equals the whole sequence bit for bit") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(1, 20, 11);
    auto const all = whole(model, tokens);
    Session in_place{model};
    Session on_heap{model, SessionOptions{}};
    Session parallel{model, OpenMp<>{2}};
    for (index t = 0; t < tokens.time; ++t) {
        auto const id = tokens.ids[static_cast<std::size_t>(t)];
        CHECK(same_bits(to_vector(in_place(id)), row(all, t)));
        CHECK(same_bits(to_vector(on_heap(id)), row(all, t)));
        CHECK(same_bits(to_vector(parallel(id)), row(all, t)));
    }
}

TEST_CASE("session: several streams and several tokens at a time give the same bits") {
    CHECK(odd_way(tiny_lm(), random_tokens(4, 70, 11)) == "");
}

TEST_CASE("session: a way to read that shows too little counts as odd") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(1, 4, 11);
    test::Reading expected(model, tokens), silent(model, tokens);
    Forward forward;
    for (auto* const reading : {&expected, &silent}) {
        forward.observe(reading == &expected ? reading->observer() : nullptr);
        auto const y = model(forward.begin(tokens));
        reading->add(0, 0, tokens.time, y.data, y.extents.size());
    }
    CHECK(expected.difference(expected, false) == "");
    CHECK(silent.difference(expected, false) == "blocks.0.key.x is missing");
    CHECK(silent.difference(expected, true) == "blocks.0.key.x is missing");
    auto const stream = test::read_in_chunks(Session{model, SessionOptions{}}, tokens);
    CHECK(stream.difference(expected, true) == "");
    CHECK(stream.difference(expected, false) == "blocks.0.neuron.h is missing");
}

TEST_CASE("session: feed gives the logits after the last token") {
    auto const model = tiny_lm();
    auto const tokens = random_tokens(1, 20, 11);
    auto const last = row(whole(model, tokens), 19);
    for (index const chunk : {1, 3, 20, 64}) {
        Session session{model, SessionOptions{.chunk = chunk}};
        CHECK(same_bits(to_vector(session.feed(tokens.ids)), last));
    }
    Session session{model};
    CHECK(session.feed({}).empty());
    CHECK(same_bits(to_vector(session.feed(tokens.ids)), last));
}

/// Copies, states and resets, of a session with a model of static sizes and of one on the heap.
template <class S>
void check_value(S session) {
    (void)session(3);
    (void)session(7);
    std::vector<float> const state = to_vector(session.state());
    CHECK(static_cast<index>(state.size()) == session.footprint().state);

    S fork = session;
    S moved = S(session);
    auto const original = to_vector(session(5));
    (void)session(9);
    CHECK(same_bits(to_vector(fork(5)), original));
    CHECK(same_bits(to_vector(moved(5)), original));
    fork = session;
    auto const later = to_vector(session(1));
    CHECK(same_bits(to_vector(fork(1)), later));

    session.restore(state);
    CHECK(same_bits(to_vector(session(5)), original));
    CHECK_THROWS_AS(session.restore(std::span(state).first(3)), Error);

    session.reset();
    CHECK(session.state().empty());
    auto const first = to_vector(session(3));
    session.restore({});
    CHECK(same_bits(to_vector(session(3)), first));
    fork.reset();
    CHECK(same_bits(to_vector(fork(3)), first));
    CHECK_FALSE(same_bits(to_vector(fork(3)), first));
}

TEST_CASE("session: a value that is copied, saved, restored and reset") {
    auto const model = tiny_lm();
    CHECK(Session{model}.state().empty());
    check_value(Session{model});
    check_value(Session{model, SessionOptions{.chunk = 4}});
}

TEST_CASE("session: copies do not share memory") {
    auto const model = tiny_lm();
    Session<TinyLm<>, Serial<>, float, at_run_time> session{model};
    auto const fork = session;
    (void)session(3);
    auto const y = session(4);
    auto const logits = to_vector(y);
    auto other = fork;
    (void)other(5);
    CHECK(same_bits(to_vector(y), logits));
    CHECK(fork.state().empty());
}

TEST_CASE("session: a bad token leaves it as it was") {
    auto const model = tiny_lm();
    Session session{model};
    (void)session(3);
    auto twin = session;
    CHECK_THROWS_WITH_AS((void)session(11), "embedding: token 11 is outside the vocabulary of 11",
                         Error);
    CHECK_THROWS_AS((void)session(-1), Error);
    CHECK(same_bits(to_vector(session(4)), to_vector(twin(4))));
}

TEST_CASE("session: the number of tokens must fit the batch and the chunk") {
    auto const model = tiny_lm();
    std::vector<std::int32_t> const ids{1, 2, 3, 4, 5, 6, 7, 8};
    auto const some = [&](std::size_t n) { return std::span<std::int32_t const>(ids).first(n); };
    Session session{model, SessionOptions{.batch = 2, .chunk = 3}};
    CHECK_NOTHROW((void)session(some(2)));
    CHECK_NOTHROW((void)session(some(6)));
    for (std::size_t const n : {0U, 1U, 3U, 5U, 7U, 8U}) {
        CAPTURE(n);
        CHECK_THROWS_AS((void)session(some(n)), Error);
    }
    CHECK_THROWS_AS((void)session(1), Error);
    Session one{model};
    CHECK_THROWS_WITH_AS((void)one(some(2)),
                         "session: 2 tokens given for 1 streams of 1 to 1 tokens each", Error);
}

/// Two in place of one for whoever changes it after the type was counted.
struct Doubled {
    TinyLm<> lm;
    bool twice = false;
    SPIKELET_PARTS(lm)
    constexpr auto operator()(auto ids) const { return twice ? lm(ids) + lm(ids) : lm(ids); }
};

TEST_CASE("session: a model that needs other memory than its type says is an error") {
    Doubled model;
    Rng rng(1);
    init(model, rng);
    CHECK_NOTHROW(Session{model});
    model.twice = true;
    CHECK_THROWS_AS(Session{model}, Error);
    Session session{model, SessionOptions{}};
    CHECK(session.footprint().state == 2 * footprint<TinyLm<>>().state);
    CHECK_NOTHROW((void)session(1));
}

/// As many blocks as it likes.
struct Deep {
    Embedding<11, 9> embed;
    std::vector<TinyBlock<9>> blocks;
    Linear<9, 11> head;
    SPIKELET_PARTS(embed, blocks, head)
    constexpr auto operator()(auto ids) const { return head(chain(blocks, embed(ids))); }
};

TEST_CASE("session: a model that has grown since is an error, not a write past the memory") {
    Deep model;
    model.blocks.resize(1);
    Rng rng(1);
    init(model, rng);
    Session session{model};
    session(1);
    model.blocks.resize(2);
    init(model, rng);
    CHECK_THROWS_WITH_AS(
        session(1), "session: the model has changed since the session was made; make a new one",
        Error);
}

TEST_CASE("session: feed serves one stream only") {
    auto const model = tiny_lm();
    Session session{model, SessionOptions{.batch = 2, .chunk = 2}};
    std::vector<std::int32_t> const ids{1, 2, 3, 4};
    CHECK_THROWS_WITH_AS(session.feed(ids),
                         "session: feed() is for one stream, this session serves 2", Error);
}

TEST_CASE("session: no streams, or no tokens at a time, are an error") {
    auto const model = tiny_lm();
    for (auto const& options : {SessionOptions{.batch = 0}, SessionOptions{.batch = -1},
                                SessionOptions{.chunk = 0}, SessionOptions{.chunk = -7}}) {
        CHECK_THROWS_AS((Session{model, options}), Error);
    }
    CHECK_THROWS_WITH_AS((Session{model, SessionOptions{.batch = 0, .chunk = 3}}),
                         "session: batch is 0 and chunk 3, both must be at least 1", Error);
    using None = Session<TinyLm<>, Serial<>, float, footprint<TinyLm<>>(0, 1)>;
    CHECK_THROWS_AS(None{model}, Error);
}

static_assert(!std::is_constructible_v<Session<TinyLm<>>, TinyLm<>>,
              "a session must not outlive its model");

TEST_CASE("session: batch and chunk may be part of the type") {
    auto const model = tiny_lm();
    using Four = Session<TinyLm<>, Serial<>, float, footprint<TinyLm<>>(4, 3)>;
    Four session{model};
    CHECK(session.footprint() == footprint(model, 4, 3));
    std::vector<std::int32_t> const ids(12, 1);
    CHECK(session(std::span<std::int32_t const>(ids)).rows() == 12);
    CHECK_THROWS_AS((Four{model, SessionOptions{.batch = 2, .chunk = 3}}), Error);
}

/// Shows its first value, and nothing lies on top of its last.
struct Straight {
    Embedding<11, 9> embed;
    LayerNorm<9> norm;
    Linear<9, 11> head;
    SPIKELET_PARTS(embed, norm, head)
    constexpr auto operator()(auto ids) const {
        auto const first = embed(ids);
        tap(*this, "first", first);
        return head(norm(shift(first)));
    }
};

struct RememberFirst final : Observer {
    std::byte const* data = nullptr;
    void see(Tap const& tap) override {
        if (tap.name == "first") { data = static_cast<std::byte const*>(tap.data); }
    }
};

TEST_CASE("session: uses what its footprint says, inside the object where sizes are static") {
    auto const model = tiny_lm<Straight>();
    RememberFirst observer;
    Session session{model};
    session.observe(&observer);
    auto const logits = session(1);
    auto const* const end = reinterpret_cast<std::byte const*>(logits.data() + logits.size());
    CHECK(DryRun<>::round_up(end - observer.data) == session.footprint().scratch);
    CHECK(static_cast<index>(session.state().size()) == session.footprint().state);
    auto const* const object = reinterpret_cast<std::byte const*>(&session);
    CHECK(observer.data >= object);
    CHECK(end <= object + sizeof(session));

    Session on_heap{model, SessionOptions{.batch = 2, .chunk = 3}};
    on_heap.observe(&observer);
    std::vector<std::int32_t> const ids(6, 1);
    auto const y = on_heap(std::span<std::int32_t const>(ids));
    auto const* const last = reinterpret_cast<std::byte const*>(y.data() + y.size());
    CHECK(DryRun<>::round_up(last - observer.data) == on_heap.footprint().scratch);
}

struct CountTaps final : Observer {
    int seen = 0;
    void see(Tap const& tap) override { seen += tap.name == "s" ? 1 : 0; }
};

TEST_CASE("session: shows taps while it is watched") {
    auto const model = tiny_lm();
    CountTaps counter;
    Session session{model};
    session.observe(&counter);
    (void)session(1);
    CHECK(counter.seen == 3);
    session.observe(nullptr);
    (void)session(1);
    CHECK(counter.seen == 3);
}

}  // namespace
}  // namespace spikelet::test::session_test
