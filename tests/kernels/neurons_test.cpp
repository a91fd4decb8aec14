// SPDX-License-Identifier: MIT
#include <spikelet/kernels/neurons.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <kernels/neurons_support.hpp>
#include <support/quadratic_neuron.hpp>
#include <support/self_scaling_neuron.hpp>
#include <support/threads.hpp>

namespace spikelet::test::neurons_test {
namespace {

TEST_CASE("neurons: one of one's own serves, without learned numbers") {
    for (Btc const n : {Btc{1, 1, 1}, Btc{2, 7, 65}}) {
        check_neurons_forward(NeuronsRun<Quadratic, double>{n, {}}, 200);
        check_neurons_backward(NeuronsRun<Quadratic, double>{n, {}}, 1000);
    }
}

TEST_CASE_TEMPLATE("neurons: the way back knows where each began", N, Quadratic, SelfScaling) {
    for (Btc const n : {Btc{1, 1, 1}, Btc{3, 7, 65}}) {
        NeuronsRun<N, double> run{n, {}};
        run.from_rest = false;
        check_neurons_forward(run, 200);
        check_neurons_backward(run, 1000);
    }
}

TEST_CASE("neurons: a shared number is that of every channel") {
    auto const n = Btc{2, 7, 65};
    NeuronsRun<kernels::AdaptiveLif, float> own{n, {}};
    for (index p : {0, 2}) { std::fill_n(own.w.begin() + p * n.C, n.C, 0.75F); }
    auto shared = own;
    shared.shared = {true, false, true, false};
    // Only the first of a shared number's row may be read.
    for (index p : {0, 2}) { std::fill_n(shared.w.begin() + p * n.C + 1, n.C - 1, HUGE_VALF); }
    for (auto* run : {&own, &shared}) {
        run->forward(true);
        run->backward();
    }
    CHECK(own.spikes == shared.spikes);
    CHECK(same_bits(own.charged, shared.charged));
    CHECK(same_bits(own.dx, shared.dx));
    CHECK(same_bits(own.dw, shared.dw));
}

TEST_CASE("neurons: what is kept, and where it begins, is optional") {
    NeuronsRun<kernels::AdaptiveLif, float> run{{2, 7, 65}, {}};
    run.forward(true);
    auto const spikes = run.spikes;
    using Kernel = kernels::Neurons<Serial<>, kernels::AdaptiveLif>;
    Kernel::forward<float>({}, run.n, run.neuron, run.learned(), run.x.data(), run.spikes.data(),
                           {}, nullptr);
    CHECK(run.spikes == spikes);
}

TEST_CASE("neurons: a fresh gradient has the bits of zeros that were there") {
    NeuronsRun<kernels::AdaptiveLif, float> found{{2, 7, 65}, {}};
    found.forward(true);
    auto fresh = found;
    fresh.fresh = true;
    std::fill(found.dx.begin(), found.dx.end(), 0.0F);
    found.backward();
    fresh.backward();
    CHECK(same_bits(fresh.dx, found.dx));
    CHECK(same_bits(fresh.dw, found.dw));
}

TEST_CASE("neurons: the gradient of the input is optional") {
    NeuronsRun<kernels::AdaptiveLif, float> all{{2, 7, 65}, {}};
    all.forward(true);
    auto weights = all;
    weights.with_input = false;
    auto const before = weights.dx;
    all.backward();
    weights.backward();
    CHECK(same_bits(weights.dx, before));
    CHECK(same_bits(weights.dw, all.dw));
}

TEST_CASE("neurons: without sequences or steps nothing is learned, and the state stays") {
    for (Btc const n : {Btc{0, 7, 65}, Btc{2, 0, 65}}) {
        NeuronsRun<kernels::AdaptiveLif, float> run{n, {}};
        auto const before = run.state;
        run.forward();
        CHECK(same_bits(run.state, before));
        run.backward();
        CHECK(std::all_of(run.dw.begin(), run.dw.end(), [](float d) { return d == 0; }));
    }
}

TEST_CASE_TEMPLATE("neurons: same bits for one and several threads", T, float, double) {
    for (Btc const n : {Btc{1, 100, 641}, Btc{3, 40, 641}}) {
        check_threads([n]<class Policy>(Policy policy) {
            NeuronsRun<kernels::AdaptiveLif, T, Policy> run{n, {}, policy};
            run.forward(true);
            run.backward();
            auto streamed = run;
            streamed.forward();
            return bits_of(run.charged, run.spikes, run.dx, run.dw, streamed.state,
                           streamed.spikes);
        });
    }
}

}  // namespace
}  // namespace spikelet::test::neurons_test
