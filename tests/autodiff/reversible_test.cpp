// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/reversible.hpp>

#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/session.hpp>

#include <support/event_lm.hpp>
#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::reversible_test {
namespace {

using Ids = std::vector<std::int32_t>;

std::vector<float> copied(std::span<float const> logits) { return {logits.begin(), logits.end()}; }

/// Logits after each of some tokens, by a session that never goes back.
template <class S>
std::vector<std::vector<float>> straight(S session, Ids const& ids) {
    std::vector<std::vector<float>> all;
    for (std::int32_t const id : ids) { all.push_back(copied(session.feed({&id, 1}))); }
    return all;
}

/// Goes back by every number of tokens, and on with others.
template <class S>
void check_every_depth(S session) {
    Ids const ids{3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, others{7, 0, 8};
    auto const expected = straight(session, ids);
    for (index depth : {1, 4, 30}) {
        for (index back = 0; back <= std::min<index>(depth, std::ssize(ids) - 1); ++back) {
            CAPTURE(depth);
            CAPTURE(back);
            session.reset();
            Reversible speak{session, depth};
            CHECK(same_bits(copied(speak.feed(ids)), expected.back()));
            CHECK(speak.reach() == std::min<index>(depth, std::ssize(ids) - 1));
            auto const before = static_cast<std::size_t>(std::ssize(ids) - back);
            CHECK(same_bits(copied(speak.roll_back(back)), expected[before - 1]));
            Ids changed(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(before));
            changed.insert(changed.end(), others.begin(), others.end());
            S other = session;
            other.reset();
            auto const logits = straight(other, changed);
            for (std::size_t i = 0; i < others.size(); ++i) {
                CHECK(same_bits(copied(speak(others[i])), logits[before + i]));
            }
        }
    }
}

TEST_CASE("reversible: a stream that went back has the bits of one that never was there") {
    auto const model = tiny_lm();
    check_every_depth(Session{model});
    check_every_depth(Session{model, SessionOptions{.chunk = 3}});
    auto const events = event_lm();
    check_every_depth(Session{events, SessionOptions{.chunk = 2}});
}

TEST_CASE("reversible: takes back no more than it keeps") {
    auto const model = tiny_lm();
    Session session{model};
    Reversible speak{session, 2};
    CHECK(speak.reach() == 0);
    CHECK_THROWS_WITH_AS(speak.roll_back(0),
                         "reversible: no token has been read that could be kept", Error);
    CHECK_THROWS_WITH_AS(speak.roll_back(1),
                         "reversible: 1 tokens are to be taken back, of which 0 are kept", Error);
    for (int i = 0; i < 5; ++i) { (void)speak(i); }
    CHECK_THROWS_AS(speak.roll_back(3), Error);
    CHECK_THROWS_AS(speak.roll_back(-1), Error);
    CHECK_NOTHROW((void)speak.roll_back(2));
    CHECK(speak.reach() == 0);
    speak.reset();
    CHECK(session.state().empty());
}

TEST_CASE("reversible: a bad token changes nothing") {
    auto const model = tiny_lm();
    Session session{model};
    Reversible speak{session, 4};
    (void)speak(1);
    auto const expected = copied(speak(2));
    CHECK_THROWS_AS(speak(11), Error);
    CHECK(speak.reach() == 1);
    CHECK(same_bits(copied(speak.roll_back(0)), expected));
}

TEST_CASE("reversible: what is read of tokens with a bad one is what feed() says") {
    auto const model = tiny_lm();
    Session session{model, SessionOptions{.chunk = 3}};
    Reversible speak{session, 2};
    CHECK_THROWS_WITH_AS(speak.feed({}), "reversible: there are no tokens to feed", Error);
    CHECK_THROWS_AS(speak.feed(Ids{3, 1, 4, 11, 5}), Error);
    CHECK(speak.reach() == 0);
    CHECK(same_bits(copied(speak.roll_back(0)), straight(Session{model}, {3, 1, 4})[2]));
    session.reset();
    CHECK_THROWS_AS(speak.feed(Ids{3, 1, 4, 1, 11, 5, 6, 7}), Error);
    CHECK_THROWS_AS(speak.roll_back(0), Error);
    CHECK(same_bits(copied(speak(9)), straight(Session{model}, {3, 1, 4, 9})[3]));
}

static_assert(!std::is_copy_constructible_v<Reversible<Session<TinyLm<>>>>);
static_assert(!std::is_copy_assignable_v<Reversible<Session<TinyLm<>>>>);

TEST_CASE("reversible: a depth of nothing, and several streams, are an error") {
    auto const model = tiny_lm();
    Session session{model};
    CHECK_THROWS_AS((Reversible{session, 0}), Error);
    Session two{model, SessionOptions{.batch = 2}};
    CHECK_THROWS_AS((Reversible{two, 1}), Error);
}

}  // namespace
}  // namespace spikelet::test::reversible_test
