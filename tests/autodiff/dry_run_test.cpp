// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/dry_run.hpp>

#include <doctest/doctest.h>

#include <support/tiny_lm.hpp>

namespace spikelet::test::dry_run_test {
namespace {

/// 100 floats, then 1 bit and 10 doubles on top of them, in turns; two planes of state. A constant
/// takes room like any value.
struct Counted {
    SPIKELET_PARTS()
    constexpr auto operator()(auto ids) const {
        auto x = ids.ctx->template make<float>(Extents<100>{});
        auto const mark = ids.ctx->mark();
        (void)ids.ctx->template make<bit>(Extents<1>{});
        ids.ctx->rewind(mark);
        (void)ids.ctx->template constant<double>(Extents<10>{});
        (void)ids.ctx->carry(7, {1.0F, 2.0F});
        (void)ids.ctx->template scratch<float>(20);
        (void)ids.ctx->template scratch<float>(17);
        return x;
    }
};

constexpr Footprint counted = footprint<Counted>();
static_assert(counted.scratch == 448 + 128);
static_assert(counted.state == 14);
static_assert(counted.workspace == 128);
static_assert(counted.batch == 1);
static_assert(counted.chunk == 1);

TEST_CASE("dry run: a model needs the same at compile time and at run time") {
    constexpr auto at_compile_time = footprint<TinyLm<>>();
    CHECK(at_compile_time == footprint(TinyLm<>{}));
    CHECK(at_compile_time == footprint(tiny_lm()));
    constexpr auto of_twelve = footprint<TinyLm<>>(4, 3);
    CHECK(of_twelve == footprint(tiny_lm(), 4, 3));
}

TEST_CASE("dry run: state grows with the batch, scratch also with the chunk, depth costs state") {
    TinyLm<> const model;
    auto const one = footprint(model);
    auto const four = footprint(model, 4);
    auto const chunk = footprint(model, 1, 8);
    // Per block and channel: a token shift, three numbers of the weighted average, a membrane.
    CHECK(one.state == 3 * 5 * 9);
    CHECK(four.state == 4 * one.state);
    CHECK(chunk.state == one.state);
    CHECK(four.scratch > one.scratch);
    CHECK(chunk.scratch > one.scratch);
    CHECK(chunk.chunk == 8);
    CHECK(four.batch == 4);
    auto const deep = footprint<TinyLm<11, 9, 30>>();
    CHECK(deep.scratch == one.scratch);
    CHECK(deep.state == 10 * one.state);
}

TEST_CASE("dry run: reads no weights") {
    TinyLm<> const without_weights;
    CHECK(footprint(without_weights).scratch > 0);
}

}  // namespace
}  // namespace spikelet::test::dry_run_test
