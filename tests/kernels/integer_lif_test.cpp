// SPDX-License-Identifier: MIT
#include <spikelet/kernels/integer_lif.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/surrogate.hpp>

#include <support/numbers.hpp>
#include <support/reference_integer_lif.hpp>
#include <support/threads.hpp>

namespace spikelet::test::integer_lif_test {
namespace {

using kernels::Btc;
using reference::Dual;

/// Inputs and gradients, and what the kernel makes of them.
template <class S, class T, class Policy = Serial<>>
struct Run {
    Btc n;
    EventLevels<S> levels{};
    Policy policy{};
    T cost = T(0.3);
    index size = n.B * n.T * n.C;
    std::vector<T> x = random_numbers<T>(size, 1);
    std::vector<T> state = random_numbers<T>(n.B * n.C, 2);
    std::vector<T> leak = random_numbers<T>(n.C, 3);
    std::vector<T> threshold = random_numbers<T>(n.C, 4);
    std::vector<T> dspikes = random_numbers<T>(size, 5), dcharge = random_numbers<T>(size, 6);
    std::vector<T> dx = random_numbers<T>(size, 7);
    std::vector<T> dleak = random_numbers<T>(n.C, 8), dthreshold = random_numbers<T>(n.C, 9);
    std::vector<T> charge = std::vector<T>(x.size(), T(99));
    std::vector<word> spikes = std::vector<word>(
        static_cast<std::size_t>(n.B * n.T * Element<S>::row_units(n.C)), ~word{0});
    using Kernel = kernels::IntegerLif<Policy, S>;

    /// Leaks from 0 to 0.9, thresholds from 0.1 to about 1, but for one channel without any.
    explicit Run(Btc sizes, EventLevels<S> most = {}, Policy p = {})
        : n(sizes),
          levels(most),
          policy(p) {
        for (T& b : leak) { b = T(0.9) / (T(1) + std::abs(b)); }
        for (T& h : threshold) { h = T(0.1) + std::abs(h) / T(3); }
        if (n.C > 5) { threshold[5] = T(-0.5); }
    }

    void forward(bool from_rest = false) {
        Kernel::forward(policy, n, levels, leak.data(), threshold.data(), x.data(), spikes.data(),
                        charge.data(), from_rest ? nullptr : state.data());
    }
    template <class Surrogate = Arctan>
    void backward(Surrogate surrogate = {}, bool with_charge = true) {
        Kernel::backward(policy, n, levels, surrogate, leak.data(), threshold.data(), charge.data(),
                         dspikes.data(), cost, dx.data(), dleak.data(), dthreshold.data(),
                         with_charge ? dcharge.data() : nullptr);
    }

    std::size_t at(index b, index t, index c) const {
        return static_cast<std::size_t>((b * n.T + t) * n.C + c);
    }
    /// The numbers of one neuron.
    std::vector<double> over_time(std::vector<T> const& v, index b, index c) const {
        std::vector<double> column;
        for (index t = 0; t < n.T; ++t) { column.push_back(static_cast<double>(v[at(b, t, c)])); }
        return column;
    }
    /// The words of these levels [B,T,C].
    std::vector<word> packed(std::vector<int> const& values) const {
        index const words = Element<S>::row_units(n.C);
        std::vector<word> result(spikes.size());
        for (index r = 0; r < n.B * n.T; ++r) {
            pack<S>(values.data() + r * n.C, n.C, result.data() + r * words);
        }
        return result;
    }
};

template <class F>
void each_neuron(Btc n, F&& f) {
    for (index b = 0; b < n.B; ++b) {
        for (index c = 0; c < n.C; ++c) { f(b, c); }
    }
}

template <class F>
void each_sequence(F&& f) {
    f(Btc{2, 3, kernels::widest_strip + 17});
    for (index const channels : {1, 7, 63, 65, 130}) {
        CAPTURE(channels);
        for (index const time : {1, 6}) { f(Btc{2, time, channels}); }
    }
}

/// Whether the kernel's results of forward() are those of naive neurons that start at `start`.
template <class S, class T>
void check_forward(Run<S, T> const& run, std::vector<T> const& start, double allowed) {
    std::vector<int> levels(run.x.size());
    double worst = 0;
    each_neuron(run.n, [&](index b, index c) {
        auto const channel = static_cast<std::size_t>(c);
        auto const own = static_cast<std::size_t>(b * run.n.C + c);
        std::vector<Dual> input;
        for (double const value : run.over_time(run.x, b, c)) { input.push_back({value, 0}); }
        auto const neuron =
            reference::integer_neuron(run.levels, Dual{static_cast<double>(run.leak[channel]), 0},
                                      Dual{static_cast<double>(run.threshold[channel]), 0},
                                      Dual{static_cast<double>(start[own]), 0}, input);
        for (index t = 0; t < run.n.T; ++t) {
            auto const i = run.at(b, t, c);
            levels[i] = static_cast<int>(neuron.spikes[static_cast<std::size_t>(t)].value);
            double const charge = neuron.charge[static_cast<std::size_t>(t)].value;
            worst = std::max(worst, roundings(std::vector<T>{run.charge[i]}, {charge}));
        }
        worst = std::max(worst, roundings(std::vector<T>{run.state[own]}, {neuron.membrane.value}));
    });
    CHECK(worst <= allowed);
    // Equal words: elements behind the last channel are silent.
    CHECK(run.spikes == run.packed(levels));
}

TEST_CASE_TEMPLATE("integer_lif: charge, levels and membrane equal the naive neuron's", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    each_sequence([](Btc n) {
        for (int const most : {1, EventLevels<S>::highest}) {
            Run<S, double> run(n, {most});
            auto const start = run.state;
            run.forward();
            check_forward(run, start, 20);
        }
    });
}

TEST_CASE_TEMPLATE("integer_lif: numbers that do not round give the naive neuron's in float too", S,
                   bit, graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    // Sixteenths, of which many lie right at a threshold, and factors that are powers of two.
    each_sequence([](Btc n) {
        Run<S, float> run(n);
        for (float& x : run.x) { x = std::round(x * 16) / 16; }
        for (float& v : run.state) { v = std::round(v * 16) / 16; }
        for (std::size_t c = 0; c < run.leak.size(); ++c) {
            run.leak[c] = c % 2 == 0 ? 0.5F : 0.25F;
            run.threshold[c] = c % 3 == 0 ? 0.25F : 0.125F;
        }
        auto const start = run.state;
        run.forward();
        check_forward(run, start, 0);
    });
}

TEST_CASE("integer_lif: by the numbers") {
    // h = 1.75, so 3 levels of 0.5 and 0.25 left; h = 0.125 + 0.5; h = 0.0625 - 3.
    Run<graded<3>, float> run(Btc{1, 3, 1});
    run.x = {1.75F, 0.5F, -3.0F};
    run.leak = {0.5F};
    run.threshold = {0.5F};
    run.forward(true);
    CHECK(run.charge == std::vector<float>{1.75F, 0.625F, -2.9375F});
    CHECK(run.spikes == run.packed({3, 1, 0}));
    Run<signed_graded<3>, float> both(Btc{1, 3, 1});
    both.x = run.x;
    both.leak = run.leak;
    both.threshold = run.threshold;
    both.forward(true);
    // 1.75 / 0.5 = 3.5 is past 2.75; then h = 0.125 + 0.5, and h = 0.0625 - 3 is past -2.75.
    CHECK(both.charge == std::vector<float>{1.75F, 0.625F, -2.9375F});
    CHECK(both.spikes == both.packed({3, 1, -3}));
}

TEST_CASE("integer_lif: a threshold below a thousandth counts as one") {
    for (float const threshold : {1e-3F, 5e-4F, 0.0F, -1.0F}) {
        Run<graded<4>, float> run(Btc{1, 1, 1});
        run.x = {0.0055F};
        run.threshold = {threshold};
        run.state = {0};
        run.forward();
        CHECK(run.spikes == run.packed({5}));
        CHECK(run.state[0] == doctest::Approx(0.0005));
    }
}

TEST_CASE("integer_lif: without a state it starts at rest; the charge is optional") {
    Run<graded<3>, float> run(Btc{2, 7, 65});
    std::fill(run.state.begin(), run.state.end(), 0.0F);
    run.forward();
    std::vector<word> spikes(run.spikes.size());
    kernels::IntegerLif<Serial<>, graded<3>>::forward<float>({}, run.n, {}, run.leak.data(),
                                                             run.threshold.data(), run.x.data(),
                                                             spikes.data(), nullptr, nullptr);
    CHECK(spikes == run.spikes);
}

/// The largest distance from derivatives of naive neurons, in roundings; `before` has the
/// gradients that were there.
template <class S, class T, class Surrogate>
double worst_gradient(Run<S, T> const& run, Run<S, T> const& before, Surrogate surrogate,
                      bool with_charge) {
    std::vector<double> dx = as_double(before.dx);
    std::vector<double> dleak = as_double(before.dleak), dthreshold = as_double(before.dthreshold);
    each_neuron(run.n, [&](index b, index c) {
        auto const channel = static_cast<std::size_t>(c);
        auto dcharge = run.over_time(run.dcharge, b, c);
        if (!with_charge) { std::fill(dcharge.begin(), dcharge.end(), 0.0); }
        auto const g = reference::gradient_of_neuron(
            run.levels, surrogate, static_cast<double>(run.leak[channel]),
            static_cast<double>(run.threshold[channel]), run.over_time(run.x, b, c),
            run.over_time(run.dspikes, b, c), dcharge, static_cast<double>(run.cost));
        for (index t = 0; t < run.n.T; ++t) {
            dx[run.at(b, t, c)] += g.dx[static_cast<std::size_t>(t)];
        }
        dleak[channel] += g.dleak;
        dthreshold[channel] += g.dthreshold;
    });
    return std::max({roundings(run.dx, dx), roundings(run.dleak, dleak),
                     roundings(run.dthreshold, dthreshold)});
}

TEST_CASE_TEMPLATE("integer_lif: gradients are the derivatives with the surrogate's slope", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    for (bool const with_charge : {true, false}) {
        each_sequence([&](Btc n) {
            Run<S, double> run(n);
            auto const before = run;
            run.forward(true);
            run.backward(Arctan{}, with_charge);
            CHECK(worst_gradient(run, before, Arctan{}, with_charge) < 2000);
        });
    }
}

TEST_CASE("integer_lif: gradients in float are those in double") {
    Run<graded<3>, float> run(Btc{3, 6, 65});
    auto const before = run;
    run.forward(true);
    run.backward();
    CHECK(worst_gradient(run, before, Arctan{}, true) < 1000);
}

TEST_CASE_TEMPLATE("integer_lif: any surrogate serves", Surrogate, SigmoidSurrogate, Triangle,
                   SoftSign, FastSigmoid, Gaussian, LeakyPiecewise, Boxcar, StraightThrough) {
    Run<signed_graded<3>, double> run(Btc{2, 5, 65}, {2});
    auto const before = run;
    run.forward(true);
    run.backward(Surrogate{});
    CHECK(worst_gradient(run, before, Surrogate{}, true) < 2000);
}

TEST_CASE("integer_lif: a threshold below a thousandth stays where it is") {
    Run<graded<3>, double> run(Btc{2, 4, 7});
    run.threshold[1] = 9.9e-4;
    run.threshold[2] = 1e-3;
    auto const before = run;
    run.forward(true);
    run.backward();
    CHECK(run.dthreshold[5] == before.dthreshold[5]);
    CHECK(run.dthreshold[1] == before.dthreshold[1]);
    CHECK(run.dthreshold[2] != before.dthreshold[2]);
    CHECK(run.dleak[5] != before.dleak[5]);
}

TEST_CASE_TEMPLATE("integer_lif: a threshold that is no number shows in membrane and gradients", T,
                   float, double) {
    Run<trit, T> run({1, 2, 9});
    run.threshold[3] = std::numeric_limits<T>::quiet_NaN();
    run.forward();
    run.backward();
    bool right = true;
    for (std::size_t c = 0; c < 9; ++c) {
        for (T const x : {run.state[c], run.dx[c], run.dx[c + 9], run.dthreshold[c]}) {
            right = right && std::isnan(x) == (c == 3);
        }
    }
    CHECK(right);
}

TEST_CASE("integer_lif: gradients that nobody wants stay out") {
    Run<graded<3>, float> all(Btc{2, 4, 65});
    all.forward(true);
    auto one = all;
    all.backward();
    kernels::IntegerLif<Serial<>, graded<3>>::backward<float>(
        {}, one.n, {}, Arctan{}, one.leak.data(), one.threshold.data(), one.charge.data(),
        one.dspikes.data(), one.cost, nullptr, nullptr, one.dthreshold.data(), one.dcharge.data());
    CHECK(same_bits(one.dthreshold, all.dthreshold));
    kernels::IntegerLif<Serial<>, graded<3>>::backward<float>(
        {}, one.n, {}, Arctan{}, one.leak.data(), one.threshold.data(), one.charge.data(),
        one.dspikes.data(), one.cost, one.dx.data(), one.dleak.data(), nullptr, one.dcharge.data());
    CHECK(same_bits(one.dx, all.dx));
    CHECK(same_bits(one.dleak, all.dleak));
}

TEST_CASE_TEMPLATE("integer_lif: streaming, split at every point, equals the whole sequence", S,
                   bit, graded<3>, signed_graded<3>) {
    Btc const n{2, 6, 65};
    Run<S, float> whole(n);
    auto state = whole.state;
    whole.forward();
    index const words = Element<S>::row_units(n.C);
    for (index split = 1; split < n.T; ++split) {
        std::vector<float> membrane = state;
        for (auto const& [from, to] : {std::pair{index{0}, split}, std::pair{split, n.T}}) {
            Run<S, float> part(Btc{n.B, to - from, n.C});
            part.leak = whole.leak;
            part.threshold = whole.threshold;
            part.state = membrane;
            for (index b = 0; b < n.B; ++b) {
                std::copy_n(whole.x.data() + whole.at(b, from, 0), (to - from) * n.C,
                            part.x.data() + part.at(b, 0, 0));
            }
            part.forward();
            membrane = part.state;
            for (index b = 0; b < n.B; ++b) {
                auto const* const charge = whole.charge.data() + whole.at(b, from, 0);
                auto const* const spikes = whole.spikes.data() + (b * n.T + from) * words;
                CHECK(std::equal(charge, charge + (to - from) * n.C,
                                 part.charge.data() + part.at(b, 0, 0)));
                CHECK(std::equal(spikes, spikes + (to - from) * words,
                                 part.spikes.data() + b * (to - from) * words));
            }
        }
        CHECK(same_bits(membrane, whole.state));
    }
}

TEST_CASE_TEMPLATE("integer_lif: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        Run<graded<3>, T, Policy> run(Btc{3, 100, 641}, {}, policy);
        run.forward();
        run.backward();
        return bits_of(run.charge, run.spikes, run.state, run.dx, run.dleak, run.dthreshold);
    });
}

TEST_CASE("integer_lif: a neuron depends neither on other channels nor on other sequences") {
    Run<graded<3>, float> all(Btc{3, 20, 131});
    all.forward(true);
    all.backward();
    for (index const c : {0, 1, 63, 64, 127, 130}) {
        Run<graded<3>, float> one(Btc{1, 20, 1});
        one.leak = {all.leak[static_cast<std::size_t>(c)]};
        one.threshold = {all.threshold[static_cast<std::size_t>(c)]};
        Run<graded<3>, float> const before(all.n);
        for (index t = 0; t < 20; ++t) {
            auto const own = one.at(0, t, 0);
            auto const place = all.at(1, t, c);
            one.x[own] = all.x[place];
            one.dspikes[own] = all.dspikes[place];
            one.dcharge[own] = all.dcharge[place];
            one.dx[own] = before.dx[place];
        }
        one.forward(true);
        one.backward();
        CHECK(one.over_time(one.charge, 0, 0) == all.over_time(all.charge, 1, c));
        CHECK(one.over_time(one.dx, 0, 0) == all.over_time(all.dx, 1, c));
    }
}

}  // namespace
}  // namespace spikelet::test::integer_lif_test
