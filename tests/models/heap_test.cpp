// SPDX-License-Identifier: MIT
//
// What takes memory from the heap, and when.
#include <support/heap.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/train/adam.hpp>

#include <support/tiny_lm.hpp>

namespace spikelet::test::heap_test {
namespace {

TEST_CASE("heap: the count counts") {
    std::vector<int> numbers;
    Buffer<float> buffer;
    CHECK(heap_calls_of([&] { numbers.assign(100, 1); }) == 1);
    CHECK(heap_calls_of([&] { buffer = Buffer<float>(100); }) == 1);
    CHECK(numbers[99] + static_cast<int>(buffer.data()[99]) == 1);
    CHECK(heap_calls_of([] {}) == 0);
}

SpikeGpt<> small_model(Variant const& variant) {
    auto config = make_config(variant, 23, 2, 16);
    config.dropout = 0.1;
    SpikeGpt<> model(config);
    Rng rng(1);
    init(model, rng);
    return model;
}

TEST_CASE("heap: training takes nothing after its first step") {
    auto const tokens = random_tokens(2, 40, 23, 1);
    auto const targets = random_tokens(2, 40, 23, 2);
    auto const check = [&](auto policy, bool recompute, double price = 0) {
        for (Variant const& variant : variants) {
            CAPTURE(variant.name);
            auto model = small_model(variant);
            Adam adam(model, {.clip_norm = 1.0}, policy);
            Tape tape(policy, {.recompute = recompute});
            tape.event_cost().set_price(price);
            auto const step = [&] {
                auto const logits = model(tape.begin(tokens));
                tape.backward(cross_entropy(logits, targets, {.l2_wrap = true}));
                adam.step();
            };
            CHECK(heap_calls_of(step) > 0);
            CHECK(heap_calls_of(step) == 0);
            CHECK(heap_calls_of(step) == 0);
        }
    };
    check(serial, false);
    check(serial, true);
    check(serial, true, 1e-3);
    check(OpenMp<>{2}, false);
}

TEST_CASE("heap: evaluation takes nothing after its first pass") {
    auto const tokens = random_tokens(2, 40, 23);
    auto const shorter = random_tokens(2, 7, 23);
    for (bool const carry : {false, true}) {
        auto const model = small_model(find_variant("spike_driven"));
        Forward forward(serial, {.carry_state = carry});
        CHECK(heap_calls_of([&] { (void)model(forward.begin(tokens)); }) > 0);
        CHECK(heap_calls_of([&] { (void)model(forward.begin(tokens)); }) == 0);
        CHECK(heap_calls_of([&] { (void)model(forward.begin(shorter)); }) == 0);
    }
}

TEST_CASE("heap: a session of run-time sizes takes its memory when it is made") {
    std::vector<std::int32_t> const ids(64, 5);
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto const model = small_model(variant);
        Session session{model, SessionOptions{.chunk = 64}};
        CHECK(heap_calls_of([&] {
                  (void)session(3);
                  (void)session.feed(ids);
                  session.restore(session.state());
                  session.reset();
                  (void)session(4);
              }) == 0);
    }
}

TEST_CASE("heap: a session of static sizes takes none at all") {
    auto const model = tiny_lm();
    SpikeGpt<23, 16, 2> gpt(make_config(find_variant("spikegpt"), 23, 2, 16));
    Rng rng(1);
    init(gpt, rng);
    auto const use = [](auto const& lm) {
        Session session{lm};
        auto twin = session;
        (void)session(3);
        twin = session;
        (void)twin(4);
        session.restore(twin.state());
    };
    CHECK(heap_calls_of([&] { use(model); }) == 0);
    CHECK(heap_calls_of([&] { use(gpt); }) == 0);
}

}  // namespace
}  // namespace spikelet::test::heap_test
