// SPDX-License-Identifier: MIT
// The part of spikegpt generate that reads and writes, without a model and without signals.
#include "spikegpt/writer.cpp"

#include <doctest/doctest.h>

namespace spikelet_test::spikegpt_writer_test {

namespace {

using namespace spikegpt;

int asked_to_stop = 0;

/// Remembers how many ids it was fed and their sum; asks to stop once it was fed so many.
class Adder final : public Stream {
public:
    explicit Adder(float stop_after = 1e9F) : stop_after_(stop_after) {}

    std::span<float const> feed(std::span<std::int32_t const> ids) override {
        for (std::int32_t const id : ids) { state_[1] += static_cast<float>(id); }
        state_[0] += static_cast<float>(ids.size());
        if (state_[0] >= stop_after_) { asked_to_stop = 2; }
        return logits_;
    }
    [[nodiscard]] std::span<float const> state() const override { return state_; }
    void restore(std::span<float const> state) override {
        std::ranges::copy(state, state_.begin());
    }
    void observe(sk::Observer* /*observer*/) override {}

private:
    float stop_after_;
    std::vector<float> state_ = std::vector<float>(2);
    std::vector<float> logits_ = std::vector<float>(256);
};

sk::Vocabulary const bytes = sk::Vocabulary::bytes();

Writer writer(std::optional<sk::index> window, float stop_after = 1e9F) {
    return {bytes, {}, window, std::make_unique<Adder>(stop_after)};
}

}  // namespace

TEST_CASE("writer: a signal is heard while a long text is read, and the rest is kept") {
    std::string const text(5000, 'a');
    auto whole = writer(std::nullopt);
    whole.read(text);
    auto const expected = whole.state();
    CHECK(expected.unread.size() == 1);
    CHECK(expected.numbers[0] == 4999);

    auto stopped = writer(std::nullopt, 1000);
    stopped.read(text);
    auto const part = stopped.state();
    CHECK(part.numbers[0] >= 1000);
    CHECK(part.numbers[0] < 2000);
    CHECK(part.numbers[0] + static_cast<float>(part.unread.size()) == 5000);
    CHECK(stopped.state() == part);
    asked_to_stop = 0;
    auto again = writer(std::nullopt);
    again.restore(part);
    CHECK(again.state() == expected);
}

TEST_CASE("writer: a state counts as many recent ids as it keeps, and no more are asked of it") {
    std::string const text(150, 'a');
    auto wide = writer(100);
    wide.read(text);
    auto const state = wide.state();
    CHECK(state.window == 100);
    CHECK(state.recent.size() == 100);

    auto same = writer(std::nullopt);
    same.restore(state);
    CHECK(same.state() == state);
    auto fewer = writer(20);
    fewer.restore(state);
    CHECK(fewer.state().recent.size() == 20);
    CHECK_THROWS_WITH_AS(writer(101).restore(state),
                         "--penalty-window: the state keeps no more than 100 recent ids, not 101; "
                         "give this flag already where the text begins",
                         sk::Error);
    // All ids of a short text are there.
    auto brief = writer(std::nullopt);
    brief.read("The neuron");
    auto more = writer(101);
    more.restore(brief.state());
    CHECK(more.state().window == 101);
}

TEST_CASE("writer: a window that no flag takes is refused in a state, too") {
    auto made = writer(std::nullopt);
    auto state = made.state();
    for (sk::index const window : {-1L, 0L, 10'000'001L}) {
        state.window = window;
        CHECK_THROWS_WITH_AS(made.restore(state),
                             ("--state-in: the state's window of recent ids is " +
                              std::to_string(window) + ", expected 1 to 10000000")
                                 .c_str(),
                             sk::Error);
    }
    state.window = 10'000'000;
    made.restore(state);
    CHECK(made.state().window == 10'000'000);
}

}  // namespace spikelet_test::spikegpt_writer_test

int spikegpt::stop_signal() { return spikelet_test::spikegpt_writer_test::asked_to_stop; }
