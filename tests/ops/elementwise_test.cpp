// SPDX-License-Identifier: MIT
#include <spikelet/ops/elementwise.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/values.hpp>

namespace spikelet::test::elementwise_test {
namespace {

constexpr Extents<dyn, dyn, 5> shape(2, 3, {});

template <class T>
using Context = Tape<Serial<>, T>;

TEST_CASE("elementwise: backward equals finite differences, for one value in two places too") {
    auto const a = random_tensor<double>(shape, 1);
    auto const b = random_tensor<double>(shape, 2);
    CHECK(gradcheck([](auto x, auto y) { return x + y; }, a, b).passed());
    CHECK(gradcheck([](auto x, auto y) { return x - y; }, a, b).passed());
    CHECK(gradcheck([](auto x) { return x - x * x; }, a).passed());
    CHECK(gradcheck([](auto x) { return 3 * x + x * 0.7F; }, a).passed());
    CHECK(gradcheck([](auto x, auto y) { return x * y; }, a, b).passed());
    CHECK(gradcheck([](auto x, auto y) { return gate(x, y); }, a, b).passed());
    CHECK(gradcheck([](auto x) { return sigmoid(x); }, a).passed());
    CHECK(gradcheck([](auto x) { return relu(x); }, a).passed());
    CHECK(gradcheck([](auto x) { return relu2(x); }, a).passed());
    CHECK(gradcheck([](auto x) { return x + x; }, a).passed());
    CHECK(gradcheck([](auto x) { return x * x; }, a).passed());
    CHECK(gradcheck([](auto x) { return gate(x, x); }, a).passed());
    CHECK(gradcheck([](auto x, auto y) { return gate(x * y, sigmoid(y)) + relu2(x); }, a, b)
              .passed());
}

TEST_CASE_TEMPLATE("elementwise: values equal their formulas, in the shape of x", T, float,
                   double) {
    auto const a = random_tensor<T>(shape, 1);
    auto const b = random_tensor<T>(shape, 2);
    Context<T> tape;
    auto const x = tape.begin(a.view());
    auto const y = place(tape, b);
    CHECK((x + y).extents == shape);
    auto const check = [&](auto result, auto formula) {
        CHECK(result.extents == shape);
        std::vector<double> expected;
        for (std::size_t i = 0; i < a.span().size(); ++i) {
            expected.push_back(
                formula(static_cast<double>(a.span()[i]), static_cast<double>(b.span()[i])));
        }
        CHECK(roundings(values_of(result), expected) < 8);
    };
    check(x + y, [](double p, double q) { return p + q; });
    check(x - y, [](double p, double q) { return p - q; });
    check(x * y, [](double p, double q) { return p * q; });
    check(0.5F * x, [](double p, double) { return p / 2; });
    check(x * -3, [](double p, double) { return -3 * p; });
    check(gate(x, y), [](double p, double q) { return reference::sigmoid(p) * q; });
    check(sigmoid(x), [](double p, double) { return reference::sigmoid(p); });
    check(relu2(x), [](double p, double) { return p > 0 ? p * p : 0; });
}

TEST_CASE_TEMPLATE("spikes: count as 0 and 1, and their gradient is that of the sum", T, float,
                   double) {
    Extents<dyn, dyn> const wide(3, 70);
    auto const a = random_tensor<T>(wide, 1);
    auto const spikes = random_spikes(wide, 2);
    Context<T> tape;
    auto const x = tape.begin(a.view());
    auto const s = place(tape, spikes);
    auto const y = x + s;
    auto const numbers = to_numbers(s);
    bool right = true;
    for (index r = 0; r < 3; ++r) {
        for (index c = 0; c < 70; ++c) {
            T const one = spikes(r, c) ? T(1) : T(0);
            right = right && numbers.data[r * 70 + c] == one;
            right = right && y.data[r * 70 + c] == a(r, c) + one;
        }
    }
    CHECK(right);
    auto const dy = random_numbers<T>(210, 3);
    tape.backward(y, View<T const, dyn>(dy.data(), Extents<dyn>(210)));
    CHECK(same_bits(gradient_of(x), dy));
    CHECK(same_bits(gradient_of(s), dy));
    tape.backward(numbers, View<T const, dyn>(dy.data(), Extents<dyn>(210)));
    CHECK(same_bits(gradient_of(s), dy));
}

TEST_CASE_TEMPLATE("spikes: graded and signed ones count as their values", S, graded<3>,
                   signed_graded<3>, trit) {
    Extents<dyn, dyn> const wide(3, 70);
    auto const a = random_tensor<float>(wide, 1);
    auto const spikes = random_values<S>(wide, 2);
    Context<float> tape;
    auto const x = tape.begin(a.view());
    auto const s = place(tape, spikes);
    auto const y = x + s;
    auto const numbers = to_numbers(s);
    bool right = true;
    for (index r = 0; r < 3; ++r) {
        for (index c = 0; c < 70; ++c) {
            auto const value = static_cast<float>(spikes(r, c));
            right = right && numbers.data[r * 70 + c] == value;
            right = right && y.data[r * 70 + c] == a(r, c) + value;
        }
    }
    CHECK(right);
    CHECK(same_bits(values_of(x * s), values_of(x * numbers)));
    auto const dy = random_numbers<float>(210, 3);
    tape.backward(numbers, View<float const, dyn>(dy.data(), Extents<dyn>(210)));
    CHECK(same_bits(gradient_of(s), dy));
}

TEST_CASE("spikes: either side of + - * takes them, and the result is numbers") {
    Extents<dyn, dyn> const wide(3, 70);
    auto const a = random_tensor<double>(wide, 1);
    auto const spikes = random_spikes(wide, 2);
    Context<double> tape;
    auto const x = tape.begin(a.view());
    auto const s = place(tape, spikes);
    auto const numbers = to_numbers(s);
    CHECK(same_bits(values_of(s + x), values_of(x + numbers)));
    CHECK(same_bits(values_of(s - x), values_of(numbers - x)));
    CHECK(same_bits(values_of(x - s), values_of(x - numbers)));
    CHECK(same_bits(values_of(x * s), values_of(x * numbers)));
    CHECK(same_bits(values_of(s * x), values_of(numbers * x)));
    CHECK(same_bits(values_of(s + s), values_of(2 * numbers)));
    CHECK(same_bits(values_of(s * s), values_of(numbers)));
    CHECK(same_bits(values_of(0.5 * s), values_of(0.5 * numbers)));
}

TEST_CASE("spikes: the gradient of x * s is s dy for x and x dy for s") {
    Extents<dyn, dyn> const wide(3, 70);
    auto const a = random_tensor<double>(wide, 1);
    auto const spikes = random_spikes(wide, 2);
    Context<double> tape;
    auto const x = tape.begin(a.view());
    auto const s = place(tape, spikes);
    auto const numbers = values_of(to_numbers(s));
    auto const y = x * s;
    auto const dy = random_numbers<double>(210, 3);
    tape.backward(y, View<double const, dyn>(dy.data(), Extents<dyn>(210)));
    bool right = true;
    for (std::size_t i = 0; i < 210; ++i) {
        right = right && x.gradient[i] == numbers[i] * dy[i];
        right = right && s.gradient[i] == x.data[i] * dy[i];
    }
    CHECK(right);
}

TEST_CASE("dropout: only where a gradient is recorded") {
    auto const a = random_tensor<float>(shape, 1);
    Tape tape;
    auto const x = tape.begin(a.view());
    CHECK(dropout(x, 0.0).data == x.data);
    auto const dropped = values_of(dropout(x, 0.5));
    CHECK(std::count(dropped.begin(), dropped.end(), 0.0F) > 0);
    Forward forward;
    auto const y = forward.begin(a.view());
    CHECK(dropout(y, 0.5).data == y.data);
}

TEST_CASE("dropout: each call of a step draws its own mask, a repeated step the same") {
    Tensor<float, 1000> ones;
    ones.fill(1);
    Tape tape;
    auto const masks = [&](std::int64_t step) {
        tape.set_step(step);
        auto const x = tape.begin(std::as_const(ones).view());
        auto const first = values_of(dropout(x, 0.5));
        auto const second = values_of(dropout(x, 0.5));
        CHECK(first != second);
        return first;
    };
    CHECK(masks(1) == masks(1));
    CHECK(masks(1) != masks(2));
    // Nobody needs to count.
    auto const second = masks(2);
    static_cast<void>(masks(1));
    CHECK(values_of(dropout(tape.begin(std::as_const(ones).view()), 0.5)) == second);
}

TEST_CASE("dropout: backward goes through the same mask") {
    auto const a = random_tensor<double>(Extents<200>{}, 1);
    CHECK(gradcheck([](auto x) { return dropout(x, 0.3); }, a).passed());
}

TEST_CASE("dropout: a rate that is no probability, or leaves nothing, is an error") {
    Tape tape;
    auto const numbers = random_tensor<float>(Extents<3>{}, 1);
    auto const x = tape.begin(numbers.view());
    CHECK_THROWS_AS((void)dropout(x, 1.0), Error);
    CHECK_THROWS_AS((void)dropout(x, 1.5), Error);
    CHECK_THROWS_WITH_AS((void)dropout(x, -3.0),
                         "dropout: the rate must be at least 0 and below 1, found -3.000000",
                         Error);
    CHECK_THROWS_AS((void)dropout(x, std::numeric_limits<double>::quiet_NaN()), Error);
    Forward forward;
    CHECK_THROWS_AS((void)dropout(forward.begin(numbers.view()), 1.0), Error);
}

TEST_CASE("elementwise: shapes that differ are an error that shows both") {
    Tape tape;
    tape.begin();
    auto const a = tape.make<float>(Extents<dyn, 3>(2, {}));
    auto const b = tape.make<float>(Extents<dyn, 3>(4, {}));
    auto const s = tape.make<bit>(Extents<dyn, 3>(4, {}));
    CHECK_THROWS_WITH_AS((void)(a + b), "add: shapes differ: [2, 3] and [4, 3]", Error);
    CHECK_THROWS_AS((void)(a * b), Error);
    CHECK_THROWS_AS((void)gate(a, b), Error);
    CHECK_THROWS_AS((void)(a + s), Error);
}

}  // namespace
}  // namespace spikelet::test::elementwise_test
