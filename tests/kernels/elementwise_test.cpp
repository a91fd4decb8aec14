// SPDX-License-Identifier: MIT
#include <spikelet/kernels/elementwise.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::elementwise_test {
namespace {

template <class T>
index length(std::vector<T> const& x) {
    return static_cast<index>(x.size());
}

template <template <class> class Kernel, class T, class Policy = Serial<>>
std::vector<T> unary(std::vector<T> const& x, Policy policy = {}) {
    std::vector<T> y(x.size(), T(99));
    Kernel<Policy>::forward(policy, length(x), x.data(), y.data());
    return y;
}

template <template <class> class Kernel, class T, class Policy = Serial<>>
std::vector<T> binary(std::vector<T> const& a, std::vector<T> const& b, Policy policy = {}) {
    std::vector<T> y(a.size(), T(99));
    Kernel<Policy>::forward(policy, length(a), a.data(), b.data(), y.data());
    return y;
}

/// A number that float has, too.
constexpr double factor = -1.375;

template <class T, class Policy = Serial<>>
std::vector<T> scale(std::vector<T> const& x, Policy policy = {}) {
    std::vector<T> y(x.size(), T(99));
    kernels::Scale<Policy>::forward(policy, length(x), T(factor), x.data(), y.data());
    return y;
}

template <class F>
std::vector<double> map(std::vector<double> const& x, F f) {
    std::vector<double> y(x.size());
    std::transform(x.begin(), x.end(), y.begin(), f);
    return y;
}

template <class F>
std::vector<double> map(std::vector<double> const& a, std::vector<double> const& b, F f) {
    std::vector<double> y(a.size());
    std::transform(a.begin(), a.end(), b.begin(), y.begin(), f);
    return y;
}

double relu(double x) { return x > 0 ? x : 0; }
double relu2(double x) { return x > 0 ? x * x : 0; }
double gate(double r, double x) { return reference::sigmoid(r) * x; }

TEST_CASE_TEMPLATE("elementwise: values equal their formulas", T, float, double) {
    each_odd_width([](index n) {
        auto const a = random_numbers<T>(n, 1);
        auto const b = random_numbers<T>(n, 2);
        auto const x = as_double(a);
        auto const y = as_double(b);
        CHECK(roundings(binary<kernels::Add>(a, b), map(x, y, std::plus<>{})) <= 1);
        CHECK(roundings(binary<kernels::Subtract>(a, b), map(x, y, std::minus<>{})) <= 1);
        CHECK(roundings(scale(a), map(x, [](double v) { return factor * v; })) <= 1);
        CHECK(roundings(binary<kernels::Multiply>(a, b), map(x, y, std::multiplies<>{})) <= 1);
        CHECK(roundings(unary<kernels::Sigmoid>(a), map(x, reference::sigmoid)) <= 4);
        CHECK(roundings(unary<kernels::Relu>(a), map(x, relu)) == 0);
        CHECK(roundings(unary<kernels::Relu2>(a), map(x, relu2)) <= 2);
        CHECK(roundings(binary<kernels::Gate>(a, b), map(x, y, gate)) <= 4);
    });
}

TEST_CASE_TEMPLATE("sigmoid: saturates without overflow", T, float, double) {
    T const infinity = std::numeric_limits<T>::infinity();
    auto const y = unary<kernels::Sigmoid>(std::vector<T>{-infinity, -1000, 0, 1000, infinity});
    CHECK(y == std::vector<T>{0, 0, T(0.5), 1, 1});
}

/// The gradients of sum w f(a, b) by a and by b, on top of what was there.
template <class T>
struct Gradients {
    std::vector<T> da, db;
};

template <class T, class Policy = Serial<>>
struct Backward {
    std::vector<T> a, b, w;
    std::vector<T> start = random_numbers<T>(length(a), 9);
    Policy policy{};

    Gradients<T> add() const {
        Gradients<T> g{start, start};
        kernels::Add<Policy>::backward(policy, length(a), w.data(), g.da.data());
        kernels::Add<Policy>::backward(policy, length(a), w.data(), g.db.data());
        return g;
    }
    Gradients<T> subtract() const {
        Gradients<T> g{start, start};
        kernels::Subtract<Policy>::backward(policy, length(a), w.data(), g.da.data(), g.db.data());
        return g;
    }
    Gradients<T> scale() const {
        Gradients<T> g{start, start};
        kernels::Scale<Policy>::backward(policy, length(a), T(factor), w.data(), g.da.data());
        return g;
    }
    Gradients<T> multiply() const {
        Gradients<T> g{start, start};
        kernels::Multiply<Policy>::backward(policy, length(a), a.data(), b.data(), w.data(),
                                            g.da.data(), g.db.data());
        return g;
    }
    Gradients<T> sigmoid() const {
        Gradients<T> g{start, start};
        auto const y = unary<kernels::Sigmoid>(a);
        kernels::Sigmoid<Policy>::backward(policy, length(a), y.data(), w.data(), g.da.data());
        return g;
    }
    Gradients<T> relu() const {
        Gradients<T> g{start, start};
        auto const y = unary<kernels::Relu>(a);
        kernels::Relu<Policy>::backward(policy, length(a), y.data(), w.data(), g.da.data());
        return g;
    }
    Gradients<T> relu2() const {
        Gradients<T> g{start, start};
        kernels::Relu2<Policy>::backward(policy, length(a), a.data(), w.data(), g.da.data());
        return g;
    }
    Gradients<T> gate() const {
        Gradients<T> g{start, start};
        kernels::Gate<Policy>::backward(policy, length(a), a.data(), b.data(), w.data(),
                                        g.da.data(), g.db.data());
        return g;
    }
};

/// Compares with differences of the kernel itself, in double.
template <class T, class Forward>
void check_gradients(Backward<T> const& in, Gradients<T> const& g, Forward forward) {
    auto a = as_double(in.a);
    auto b = as_double(in.b);
    auto const w = as_double(in.w);
    auto const start = as_double(in.start);
    auto const loss = [&] { return dot(w, forward(a, b)); };
    double const tolerance = difference_roundings<T>;
    CHECK(roundings(g.da, plus(start, slopes(loss, a.data(), length(a)))) < tolerance);
    CHECK(roundings(g.db, plus(start, slopes(loss, b.data(), length(b)))) < tolerance);
}

TEST_CASE_TEMPLATE("elementwise: gradients equal finite differences and are added", T, float,
                   double) {
    each_odd_width([](index n) {
        Backward<T> const in{random_numbers<T>(n, 1), random_numbers<T>(n, 2),
                             random_numbers<T>(n, 3)};
        using X = std::vector<double> const&;
        check_gradients(in, in.add(), [](X a, X b) { return binary<kernels::Add>(a, b); });
        check_gradients(in, in.subtract(),
                        [](X a, X b) { return binary<kernels::Subtract>(a, b); });
        check_gradients(in, in.scale(), [](X a, X) { return scale(a); });
        check_gradients(in, in.multiply(),
                        [](X a, X b) { return binary<kernels::Multiply>(a, b); });
        check_gradients(in, in.gate(), [](X a, X b) { return binary<kernels::Gate>(a, b); });
        check_gradients(in, in.sigmoid(), [](X a, X) { return unary<kernels::Sigmoid>(a); });
        check_gradients(in, in.relu(), [](X a, X) { return unary<kernels::Relu>(a); });
        check_gradients(in, in.relu2(), [](X a, X) { return unary<kernels::Relu2>(a); });
    });
}

template <class T>
bool only_nan_at(std::size_t place, std::vector<T> const& seen, std::vector<T> const& without) {
    std::vector<T> others = seen;
    others[place] = without[place];
    return std::isnan(seen[place]) && same_bits(others, without);
}

TEST_CASE_TEMPLATE("relu, relu2: NaN goes through, there and back, and harms no neighbour", T,
                   float, double) {
    each_odd_width([](index n) {
        Backward<T> const in{random_numbers<T>(n, 1), {}, random_numbers<T>(n, 3)};
        auto with_nan = in;
        for (std::size_t i = 0; i < in.a.size(); ++i) {
            with_nan.a[i] = std::numeric_limits<T>::quiet_NaN();
            auto const& x = with_nan.a;
            CHECK(only_nan_at(i, unary<kernels::Relu>(x), unary<kernels::Relu>(in.a)));
            CHECK(only_nan_at(i, unary<kernels::Relu2>(x), unary<kernels::Relu2>(in.a)));
            CHECK(only_nan_at(i, with_nan.relu().da, in.relu().da));
            CHECK(only_nan_at(i, with_nan.relu2().da, in.relu2().da));
            with_nan.a[i] = in.a[i];
        }
    });
}

TEST_CASE_TEMPLATE("relu, relu2: nothing has no sign", T, float, double) {
    std::vector<T> const zeros{T(-0.0), T(0), T(-1), -std::numeric_limits<T>::infinity()};
    CHECK(same_bits(unary<kernels::Relu>(zeros), std::vector<T>(4)));
    CHECK(same_bits(unary<kernels::Relu2>(zeros), std::vector<T>(4)));
    Backward<T> const in{zeros, {}, {1, 1, 1, 1}, {T(-0.0), T(-0.0), T(-0.0), T(-0.0)}};
    CHECK(same_bits(in.relu().da, std::vector<T>(4)));
    CHECK(same_bits(in.relu2().da, std::vector<T>(4)));
}

TEST_CASE_TEMPLATE("elementwise: a value does not depend on where it stands", T, float, double) {
    auto const a = random_numbers<T>(37, 1);
    auto const b = random_numbers<T>(37, 2);
    Backward<T> const all{a, b, a};
    for (std::size_t i = 0; i < a.size(); ++i) {
        CAPTURE(i);
        std::vector<T> const ai{a[i]};
        std::vector<T> const bi{b[i]};
        CHECK(unary<kernels::Sigmoid>(a)[i] == unary<kernels::Sigmoid>(ai)[0]);
        CHECK(unary<kernels::Relu2>(a)[i] == unary<kernels::Relu2>(ai)[0]);
        CHECK(binary<kernels::Gate>(a, b)[i] == binary<kernels::Gate>(ai, bi)[0]);
        Backward<T> const one{ai, bi, ai, {all.start[i]}};
        CHECK(all.multiply().da[i] == one.multiply().da[0]);
        CHECK(all.sigmoid().da[i] == one.sigmoid().da[0]);
        CHECK(all.relu2().da[i] == one.relu2().da[0]);
        CHECK(all.gate().da[i] == one.gate().da[0]);
        CHECK(all.gate().db[i] == one.gate().db[0]);
    }
}

TEST_CASE_TEMPLATE("elementwise: same bits for one and several threads", T, float, double) {
    auto const a = random_numbers<T>(50001, 1);
    auto const b = random_numbers<T>(50001, 2);
    check_threads([&]<class Policy>(Policy policy) {
        Backward<T, Policy> const in{a, b, a, b, policy};
        auto const difference = in.subtract();
        auto const product = in.multiply();
        auto const gated = in.gate();
        return bits_of(binary<kernels::Add>(a, b, policy), binary<kernels::Multiply>(a, b, policy),
                       binary<kernels::Subtract>(a, b, policy), scale(a, policy), in.scale().da,
                       difference.da, difference.db, unary<kernels::Sigmoid>(a, policy),
                       unary<kernels::Relu2>(a, policy), binary<kernels::Gate>(a, b, policy),
                       in.add().da, product.da, product.db, in.sigmoid().da, in.relu2().da,
                       gated.da, gated.db);
    });
}

template <class T, class Policy = Serial<>>
std::vector<T> drop(std::vector<T> const& x, double p, std::uint64_t key, Policy policy = {}) {
    std::vector<T> y(x.size(), T(99));
    kernels::Dropout<Policy>::forward(policy, length(x), p, key, x.data(), y.data());
    return y;
}

TEST_CASE_TEMPLATE("dropout: sets a share p to zero and scales the others", T, float, double) {
    std::vector<T> const ones(20000, 1);
    for (double const p : {0.1, 0.5, 0.75}) {
        auto const y = drop(ones, p, 7);
        auto const dropped = std::count(y.begin(), y.end(), T(0));
        CHECK(std::abs(static_cast<double>(dropped) / 20000 - p) < 0.02);
        CHECK(dropped + std::count(y.begin(), y.end(), static_cast<T>(1 / (1 - p))) == 20000);
    }
    CHECK(drop(ones, 0, 7) == ones);
}

TEST_CASE("dropout: the mask is a function of the key and the element") {
    std::vector<float> const ones(101, 1);
    auto const mask = drop(ones, 0.5, 7);
    CHECK(drop(ones, 0.5, 8) != mask);
    for (int const n : {1, 2, 3, 4, 5, 63, 64, 65}) {
        auto const fewer = drop(std::vector<float>(ones.begin(), ones.begin() + n), 0.5, 7);
        CHECK(std::equal(fewer.begin(), fewer.end(), mask.begin()));
    }
}

TEST_CASE_TEMPLATE("dropout: the way back has the same mask, and adds", T, float, double) {
    each_odd_width([](index n) {
        auto const dy = random_numbers<T>(n, 1);
        auto const start = random_numbers<T>(n, 2);
        auto dx = start;
        kernels::Dropout<Serial<>>::backward({}, n, 0.25, 7, dy.data(), dx.data());
        auto const mask = as_double(drop(std::vector<T>(dy.size(), 1), 0.25, 7));
        auto const expected = plus(as_double(start), map(mask, as_double(dy), std::multiplies<>{}));
        CHECK(roundings(dx, expected) <= 1);
    });
}

TEST_CASE("dropout: same bits for one and several threads") {
    auto const x = random_numbers<float>(20001, 1);
    check_threads([&]<class Policy>(Policy policy) {
        auto dx = x;
        kernels::Dropout<Policy>::backward(policy, length(x), 0.3, 5, x.data(), dx.data());
        return bits_of(drop(x, 0.3, 5, policy), dx);
    });
}

}  // namespace
}  // namespace spikelet::test::elementwise_test
