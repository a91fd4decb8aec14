// SPDX-License-Identifier: MIT
#include <spikelet/kernels/lif.hpp>

#include <doctest/doctest.h>

#include <kernels/lif_support.hpp>
#include <support/reference_lif.hpp>
#include <support/sizes.hpp>

namespace spikelet::test::lif_backward_test {
namespace {

/// What the kernel's backward makes of random gradients.
template <class T>
struct Back {
    LifRun<T> run;
    std::vector<T> dspikes = random_numbers<T>(static_cast<index>(run.x.size()), 3);
    std::vector<T> old = random_numbers<T>(static_cast<index>(run.x.size()), 5);
    std::vector<T> dx = old;

    template <class Surrogate>
    void go(Surrogate surrogate, T const* dcharge = nullptr) {
        run.forward();
        kernels::Lif<Serial<>>::backward({}, run.n, run.options, surrogate, run.charge.data(),
                                         dspikes.data(), dx.data(), dcharge);
    }
};

/// The largest distance from the naive chain rule, in roundings. The naive one starts from the
/// kernel's charge, so that both see the same spikes.
template <class T, class Surrogate>
double worst_gradient(Back<T> const& back, Surrogate surrogate) {
    auto const& run = back.run;
    double worst = 0;
    each_neuron(run.n, [&](index b, index c) {
        auto const dx = reference::back_through_time(
            run.options, [&](double x) { return reference::slope_of(surrogate, x); },
            run.over_time(run.charge, b, c), run.over_time(back.dspikes, b, c));
        for (index t = 0; t < run.n.T; ++t) {
            auto const i = run.at(b, t, c);
            double const expected =
                static_cast<double>(back.old[i]) + dx[static_cast<std::size_t>(t)];
            worst = std::max(worst, roundings(std::vector<T>{back.dx[i]}, {expected}));
        }
    });
    return worst;
}

TEST_CASE_TEMPLATE("lif: the gradient is the chain rule with the surrogate's slope", T, float,
                   double) {
    each_lif_option([](LifOptions const& o) {
        each_odd_sequence([&](Btc n) {
            Back<T> back{{n, o}};
            back.go(Arctan{});
            CHECK(worst_gradient(back, Arctan{}) < 100);
        });
    });
}

TEST_CASE_TEMPLATE("lif: any surrogate serves", S, Arctan, SigmoidSurrogate, Triangle, SoftSign,
                   FastSigmoid, Gaussian, LeakyPiecewise, Boxcar, StraightThrough) {
    for (Reset const reset : {Reset::hard, Reset::soft, Reset::none}) {
        Back<double> back{{{2, 7, 65}, {.threshold = 0.5, .reset = reset}}};
        back.go(S{});
        CHECK(worst_gradient(back, S{}) < 1000);
    }
}

/// A surrogate of one's own: any type with this call.
struct Half {
    template <class B>
    B operator()(B const&) const {
        return B(0.5);
    }
};
double slope_of(Half, double) { return 0.5; }

TEST_CASE("lif: a surrogate of one's own serves, too") {
    Back<double> back{{{1, 5, 3}, {}}};
    back.go(Half{});
    auto const dx = reference::back_through_time(
        {}, [](double x) { return slope_of(Half{}, x); }, back.run.over_time(back.run.charge, 0, 1),
        back.run.over_time(back.dspikes, 0, 1));
    CHECK(back.dx[1] - back.old[1] == doctest::Approx(dx[0]));
}

TEST_CASE("lif: where nothing fires the gradient is that of a leaky sum") {
    LifOptions const o{.tau = 4.0, .threshold = 1e6, .decay_input = false};
    Back<double> back{{{1, 3, 1}, o}};
    std::fill(back.dspikes.begin(), back.dspikes.end(), 0);
    std::vector<double> const dcharge{0, 0, 1};
    back.go(Boxcar{}, dcharge.data());
    double const leak = 0.75;
    CHECK(back.dx[2] - back.old[2] == doctest::Approx(1));
    CHECK(back.dx[1] - back.old[1] == doctest::Approx(leak));
    CHECK(back.dx[0] - back.old[0] == doctest::Approx(leak * leak));
}

}  // namespace
}  // namespace spikelet::test::lif_backward_test
