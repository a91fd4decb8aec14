// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>

#include <array>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/tensor.hpp>

namespace spikelet::test::tape_test {
namespace {

using Context = Tape<Serial<>, double>;
using Vector = Var<Context, double, Extents<dyn>>;

/// y = a b, element by element.
Vector product(Vector a, Vector b) {
    auto y = a.ctx->make<double>(a.extents);
    for (index i = 0; i < a.extents.size(); ++i) { y.data[i] = a.data[i] * b.data[i]; }
    a.ctx->record([=] {
        for (index i = 0; i < a.extents.size(); ++i) {
            a.gradient[i] += b.data[i] * y.gradient[i];
            b.gradient[i] += a.data[i] * y.gradient[i];
        }
    });
    return y;
}

Vector begin(Context& tape, std::vector<double> const& numbers) {
    return tape.begin(
        View<double const, dyn>(numbers.data(), Extents<dyn>(static_cast<index>(numbers.size()))));
}

std::vector<double> gradient(Vector x) {
    auto const* const numbers = x.gradient.numbers();
    return {numbers, numbers + x.extents.size()};
}

TEST_CASE("tape: walks back through everything that was computed, and adds up") {
    Context tape;
    auto const x = begin(tape, {2, 3});
    auto const y = product(x, x);
    auto const z = product(y, x);  // x^3
    CHECK(z.data[1] == 27);
    tape.backward(z);
    CHECK(gradient(x) == std::vector<double>{12, 27});
    CHECK(gradient(y) == std::vector<double>{2, 3});
}

TEST_CASE("tape: backward starts from a seed or from a gradient") {
    Context tape;
    auto const x = begin(tape, {2, 3});
    auto const y = product(x, x);
    for (double const seed : {1.0, 10.0}) {
        tape.backward(y, seed);
        CHECK(gradient(x) == std::vector<double>{4 * seed, 6 * seed});
    }
    std::array<double, 2> const dy{1, -1};
    tape.backward(y, View<double const, dyn>(dy.data(), Extents<dyn>(2)));
    CHECK(gradient(x) == std::vector<double>{4, -6});
}

TEST_CASE("tape: a gradient of another size, or for a value that has none, is an error") {
    Context tape;
    auto const x = begin(tape, {2, 3});
    auto const y = product(x, x);
    std::array<double, 3> const numbers{};
    for (index const n : {0, 1, 3}) {
        CAPTURE(n);
        View<double const, dyn> const dy(numbers.data(), Extents<dyn>(n));
        CHECK_THROWS_WITH_AS(tape.backward(y, dy),
                             ("tape: a gradient of " + std::to_string(n) +
                              " numbers is given for a value of shape [2]")
                                 .c_str(),
                             Error);
    }
    auto const fixed = tape.constant<double>(Extents<dyn>(2));
    char const* const complaint = "tape: backward() starts from a value that has no gradient";
    CHECK_THROWS_WITH_AS(tape.backward(fixed), complaint, Error);
    CHECK_THROWS_WITH_AS(
        tape.backward(fixed, View<double const, dyn>(numbers.data(), Extents<dyn>(2))), complaint,
        Error);
    tape.backward(y);
    CHECK(gradient(x) == std::vector<double>{4, 6});
}

/// y = factor x, an op that says what its result is. Counts how often it goes back.
Vector scaled(double factor, Vector x, int* walks) {
    auto y = x.ctx->make<double>(x.extents);
    for (index i = 0; i < x.extents.size(); ++i) { y.data[i] = factor * x.data[i]; }
    x.ctx->record(
        [=] {
            ++*walks;
            auto const* const dy = y.gradient.numbers();
            for (index i = 0; i < x.extents.size(); ++i) { x.gradient[i] += factor * dy[i]; }
        },
        y);
    return y;
}

TEST_CASE("tape: the gradient of a result ends when its op has read it") {
    Context tape;
    auto const x = begin(tape, std::vector<double>(1000, 1.0));
    auto y = x;
    int walks = 0;
    for (int i = 0; i < 10; ++i) { y = scaled(2, y, &walks); }
    for (int pass = 1; pass <= 2; ++pass) {
        tape.backward(y);
        CHECK(walks == 10 * pass);
        CHECK(x.gradient[999] == 1024);
        CHECK(!y.gradient.started());
    }
}

TEST_CASE("tape: gradients of a long chain take the memory of a few") {
    auto const bytes = [](int ops) {
        Context tape;
        int walks = 0;
        auto const x = begin(tape, std::vector<double>(100000, 1.0));
        auto y = x;
        auto const values = tape.bytes();
        for (int i = 0; i < ops; ++i) { y = scaled(2, y, &walks); }
        auto const ahead = tape.bytes() - values;
        tape.backward(y);
        return tape.bytes() - values - ahead;
    };
    CHECK(bytes(10) < 3 * sizeof(double) * 100000);
    CHECK(bytes(100) == bytes(10));
}

TEST_CASE("tape: what the loss does not depend on is left out on the way back") {
    Context tape;
    auto const x = begin(tape, {2, 3});
    int walks = 0;
    auto const y = scaled(5, x, &walks);
    (void)scaled(7, y, &walks);
    tape.backward(y);
    CHECK(walks == 1);
    CHECK(gradient(x) == std::vector<double>{5, 5});
}

TEST_CASE("tape: a new pass forgets the last one") {
    Context tape;
    auto const first = begin(tape, {2, 3});
    (void)product(first, first);
    auto const x = begin(tape, {5, 7});
    tape.backward(product(x, x));
    CHECK(gradient(x) == std::vector<double>{10, 14});
}

TEST_CASE("tape: tokens become ids without a gradient") {
    Tape tape;
    auto const ids = tape.begin(Tokens{.ids = {1, 2, 3, 4, 5, 6}, .batch = 2, .time = 3});
    CHECK(ids.extents == Extents<dyn, dyn>(2, 3));
    CHECK(ids.data[4] == 5);
    CHECK(ids.gradient == nullptr);
}

TEST_CASE("tape: tokens that are not what their shape says are an error") {
    Tape tape;
    CHECK_THROWS_AS(tape.begin(Tokens{.ids = {1, 2, 3}, .batch = 1, .time = 2}), Error);
    CHECK_THROWS_AS(tape.begin(Tokens{.ids = {1}, .batch = 1, .time = 2}), Error);
    CHECK_THROWS_AS(tape.begin(Tokens{}), Error);
}

TEST_CASE("tape: spikes lie packed, with one gradient each") {
    Tape tape;
    Spikes<2, 65> spikes;
    spikes.row(1)[1] = 1;
    auto const s = tape.begin(std::as_const(spikes).view());
    CHECK(s.data[3] == 1);
    CHECK(s.data[0] == 0);
    CHECK(s.extents.size() == 130);
    REQUIRE(s.gradient != nullptr);
    s.gradient[129] = 1;
}

TEST_CASE("tape: carries no state, training starts at rest") {
    Tape tape;
    CHECK(tape.carry(10, {0.0F}) == nullptr);
}

TEST_CASE("tape: draws a new key at each call, the same again in the same step") {
    auto const keys = [](std::uint64_t seed, std::int64_t step) {
        Tape<> tape({}, {.seed = seed});
        tape.set_step(step);
        tape.begin();
        std::vector<std::uint64_t> drawn{tape.draw(), tape.draw(), tape.draw()};
        tape.begin();
        CHECK(tape.draw() != drawn[0]);  // that of the next step
        tape.set_step(step);
        tape.begin();
        CHECK(tape.draw() == drawn[0]);
        return drawn;
    };
    std::set<std::uint64_t> all;
    for (std::uint64_t const seed : {0U, 1U}) {
        for (std::int64_t const step : {0, 1, 2}) {
            auto const drawn = keys(seed, step);
            CHECK(keys(seed, step) == drawn);
            all.insert(drawn.begin(), drawn.end());
        }
    }
    CHECK(all.size() == 18);
}

TEST_CASE("tape: scratch keeps its place as long as it is large enough") {
    Tape tape;
    auto* const first = tape.scratch<float>(100);
    CHECK(tape.scratch<float>(10) == first);
    CHECK(tape.scratch<double>(50) == static_cast<void*>(first));
    tape.scratch<float>(1000)[999] = 1;
    CHECK(tape.bytes() >= 4000);
}

}  // namespace
}  // namespace spikelet::test::tape_test
