// SPDX-License-Identifier: MIT
#include <spikelet/kernels/lif.hpp>

#include <doctest/doctest.h>

#include <kernels/lif_support.hpp>
#include <support/reference_lif.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::lif_test {
namespace {

TEST_CASE_TEMPLATE("lif: charge, spikes and membrane equal the naive neuron's", T, float, double) {
    each_lif_option([](LifOptions const& o) {
        each_odd_sequence([&](Btc n) {
            LifRun<T> run{n, o};
            auto const start = run.state;
            run.forward();
            index fired = 0;
            double worst = 0;
            bool same_spikes = true;
            each_neuron(n, [&](index b, index c) {
                auto const own = static_cast<std::size_t>(b * n.C + c);
                auto const neuron = reference::integrate_and_fire(
                    o, static_cast<double>(start[own]), run.over_time(run.x, b, c));
                for (index t = 0; t < n.T; ++t) {
                    auto const i = static_cast<std::size_t>(t);
                    std::vector<T> const charge{run.charge[run.at(b, t, c)]};
                    worst = std::max(worst, roundings(charge, {neuron.charge[i]}));
                    fired += neuron.spikes[i];
                }
                worst =
                    std::max(worst, roundings(std::vector<T>{run.state[own]}, {neuron.membrane}));
                same_spikes = same_spikes && run.spikes_over_time(b, c) == neuron.spikes;
            });
            CHECK(same_spikes);
            CHECK(worst < 16);
            // Padding bits are silent.
            CHECK(run.spike_count() == fired);
        });
    });
}

TEST_CASE("lif: without a state it starts at rest; charge and state are optional") {
    each_lif_option([](LifOptions const& o) {
        LifRun<float> run{{2, 7, 65}, o};
        std::fill(run.state.begin(), run.state.end(), static_cast<float>(o.rest()));
        run.forward();
        std::vector<word> spikes(run.spikes.size());
        kernels::Lif<Serial<>>::forward<float>({}, run.n, o, run.x.data(), spikes.data(), nullptr,
                                               nullptr);
        CHECK(spikes == run.spikes);
    });
}

TEST_CASE_TEMPLATE("lif: a membrane right at the threshold fires, right below it does not", T,
                   float, double) {
    LifOptions const o{.tau = 2.0, .threshold = 1.0};
    LifRun<T> run{{1, 1, 2}, o};
    run.x = {2, std::nextafter(T(2), T(0))};
    run.state = {0, 0};
    run.forward();
    CHECK(run.spikes[0] == 1);
    CHECK(run.state[0] == 0);
    CHECK(run.state[1] == std::nextafter(T(1), T(0)));
}

TEST_CASE("lif: streaming, split at every point, equals the whole sequence bit for bit") {
    each_lif_option([](LifOptions const& o) {
        Btc const n{2, 7, 65};
        LifRun<float> whole{n, o};
        auto const start = whole.state;
        whole.forward();
        for (index split = 1; split < n.T; ++split) {
            std::vector<float> state = start;
            for (auto const& [from, to] : {std::pair{index{0}, split}, std::pair{split, n.T}}) {
                LifRun<float> part{{n.B, to - from, n.C}, o};
                for (index b = 0; b < n.B; ++b) {
                    std::copy_n(whole.x.data() + whole.at(b, from, 0), (to - from) * n.C,
                                part.x.data() + part.at(b, 0, 0));
                }
                part.state = state;
                part.forward();
                state = part.state;
                bool same = true;
                for (index b = 0; b < n.B; ++b) {
                    same = same &&
                           std::equal(part.charge.data() + part.at(b, 0, 0),
                                      part.charge.data() + part.at(b, 0, 0) + (to - from) * n.C,
                                      whole.charge.data() + whole.at(b, from, 0));
                    for (index c = 0; c < n.C; ++c) {
                        auto const s = whole.spikes_over_time(b, c);
                        same = same && part.spikes_over_time(b, c) ==
                                           std::vector<int>(s.begin() + from, s.begin() + to);
                    }
                }
                CHECK(same);
            }
            CHECK(same_bits(state, whole.state));
        }
    });
}

TEST_CASE_TEMPLATE("lif: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        LifRun<T, Policy> run{{1, 300, 641}, {.threshold = 0.5}, policy};
        run.forward();
        auto dx = run.x;
        kernels::Lif<Policy>::backward(policy, run.n, run.options, Arctan{}, run.charge.data(),
                                       run.x.data(), dx.data());
        return bits_of(run.charge, run.spikes, run.state, dx);
    });
}

TEST_CASE_TEMPLATE("lif: a neuron does not depend on its neighbours", T, float, double) {
    LifRun<T> all{{1, 20, 131}, {.threshold = 0.5}};
    auto const start = all.state;
    all.forward();
    for (index const c : {0, 1, 63, 64, 127, 128, 130}) {
        LifRun<T> one{{1, 20, 1}, all.options};
        for (index t = 0; t < 20; ++t) { one.x[one.at(0, t, 0)] = all.x[all.at(0, t, c)]; }
        one.state = {start[static_cast<std::size_t>(c)]};
        one.forward();
        CHECK(one.over_time(one.charge, 0, 0) == all.over_time(all.charge, 0, c));
        CHECK(one.spikes_over_time(0, 0) == all.spikes_over_time(0, c));
    }
}

}  // namespace
}  // namespace spikelet::test::lif_test
