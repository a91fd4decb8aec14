// SPDX-License-Identifier: MIT
#include <spikelet/kernels/wkv.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::wkv_test {
namespace {

using kernels::Btc;

/// Inputs, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct WkvRun {
    Btc n;
    Policy policy{};
    index all = n.B * n.T * n.C;
    std::vector<T> decay = random_numbers<T>(n.C, 1);
    std::vector<T> first = random_numbers<T>(n.C, 2);
    std::vector<T> k = random_numbers<T>(all, 3);
    std::vector<T> v = random_numbers<T>(all, 4);
    std::vector<T> dy = random_numbers<T>(all, 5);
    std::vector<T> dk = random_numbers<T>(all, 6);
    std::vector<T> dv = random_numbers<T>(all, 7);
    std::vector<T> ddecay = random_numbers<T>(n.C, 8);
    std::vector<T> dfirst = random_numbers<T>(n.C, 9);
    std::vector<T> history = std::vector<T>(static_cast<std::size_t>(3 * all), T(99));

    std::vector<T> forward(T* state = nullptr) {
        std::vector<T> y(k.size(), T(99));
        kernels::Wkv<Policy>::forward(policy, n, decay.data(), first.data(), k.data(), v.data(),
                                      y.data(), history.data(), state);
        return y;
    }
    /// Where dk and dv are fresh their numbers do not count.
    void backward(bool with_parameters = true, bool fresh = false) {
        auto const y = forward();
        kernels::Wkv<Policy>::backward(
            policy, n, decay.data(), first.data(), k.data(), v.data(), y.data(), history.data(),
            dy.data(), Accumulator<T>(dk.data(), fresh), Accumulator<T>(dv.data(), fresh),
            with_parameters ? ddecay.data() : nullptr, with_parameters ? dfirst.data() : nullptr);
    }

    /// The same in double.
    WkvRun<double> twin() const {
        WkvRun<double> t{n};
        t.decay = as_double(decay);
        t.first = as_double(first);
        t.k = as_double(k);
        t.v = as_double(v);
        return t;
    }
};

/// y by its definition, channel by channel.
template <class T>
std::vector<double> naive(WkvRun<T> const& run, std::vector<double> const& state = {}) {
    auto const [B, time, C] = run.n;
    std::vector<double> y(run.k.size());
    for (index b = 0; b < B; ++b) {
        for (index c = 0; c < C; ++c) {
            auto const at = [&, steps = time, width = C](index t) {
                return static_cast<std::size_t>((b * steps + t) * width + c);
            };
            std::vector<double> k;
            std::vector<double> v;
            for (index t = 0; t < time; ++t) {
                k.push_back(static_cast<double>(run.k[at(t)]));
                v.push_back(static_cast<double>(run.v[at(t)]));
            }
            auto const channel = static_cast<std::size_t>(c);
            auto const own = static_cast<std::size_t>(b * C + c);
            auto const plane = static_cast<std::size_t>(B * C);
            reference::WkvPast past;
            if (!state.empty()) { past = {state[own], state[plane + own], state[2 * plane + own]}; }
            auto const column = reference::wkv(-std::exp(static_cast<double>(run.decay[channel])),
                                               static_cast<double>(run.first[channel]), k, v, past);
            for (index t = 0; t < time; ++t) { y[at(t)] = column[static_cast<std::size_t>(t)]; }
        }
    }
    return y;
}

TEST_CASE_TEMPLATE("wkv: equals the weighted mean it stands for", T, float, double) {
    each_odd_sequence([](Btc n) {
        WkvRun<T> run{n};
        CHECK(roundings(run.forward(), naive(run)) < 64);
    });
}

TEST_CASE_TEMPLATE("wkv: continues from a state", T, float, double) {
    each_odd_sequence([](Btc n) {
        WkvRun<T> run{n};
        auto state = random_numbers<T>(3 * n.B * n.C, 10);
        for (index i = n.B * n.C; i < 2 * n.B * n.C; ++i) {
            T& weight = state[static_cast<std::size_t>(i)];
            weight = std::abs(weight) + T(0.1);
        }
        auto const expected = naive(run, as_double(state));
        CHECK(roundings(run.forward(state.data()), expected) < 256);
    });
}

TEST_CASE_TEMPLATE("wkv: finite and right for keys and decays of any size", T, float, double) {
    WkvRun<T> run{{1, 7, 64}};
    for (std::size_t i = 0; i < run.k.size(); ++i) { run.k[i] *= T(60); }
    for (std::size_t c = 0; c < run.decay.size(); ++c) {
        run.decay[c] = static_cast<T>(static_cast<double>(c) / 4 - 8);
    }
    auto const y = run.forward();
    // A key of 100 is known to 100 roundings, and stands in an exponent.
    CHECK(roundings(y, naive(run)) < 4000);
    run.backward();
    for (auto const* gradient : {&run.dk, &run.dv, &run.ddecay, &run.dfirst}) {
        CHECK(
            std::all_of(gradient->begin(), gradient->end(), [](T g) { return std::isfinite(g); }));
    }
}

TEST_CASE_TEMPLATE("wkv: a decay without end is one that forgets everything in a step", T, float,
                   double) {
    WkvRun<T> fast{{2, 7, 5}};
    std::ranges::fill(fast.decay, T(80));
    WkvRun<T> faster = fast;
    std::ranges::fill(faster.decay, T(1000));  // e^1000 is infinite
    CHECK(same_bits(fast.forward(), faster.forward()));
    fast.backward();
    faster.backward();
    CHECK(same_bits(fast.dk, faster.dk));
    CHECK(same_bits(fast.dv, faster.dv));
    CHECK(same_bits(fast.ddecay, faster.ddecay));
    CHECK(same_bits(fast.dfirst, faster.dfirst));
}

TEST_CASE_TEMPLATE("wkv: gradients equal finite differences and are added", T, float, double) {
    each_odd_sequence([](Btc n) {
        if (n.C > 17 && n.B > 1) { return; }  // n^2 work
        WkvRun<T> run{n};
        auto twin = run.twin();
        auto const dy = as_double(run.dy);
        auto const loss = [&] { return dot(dy, twin.forward()); };
        auto const dk = plus(as_double(run.dk), slopes(loss, twin.k.data(), run.all));
        auto const dv = plus(as_double(run.dv), slopes(loss, twin.v.data(), run.all));
        auto const ddecay = plus(as_double(run.ddecay), slopes(loss, twin.decay.data(), n.C));
        auto const dfirst = plus(as_double(run.dfirst), slopes(loss, twin.first.data(), n.C));
        run.backward();
        CHECK(roundings(run.dk, dk) < 8 * difference_roundings<T>);
        CHECK(roundings(run.dv, dv) < 8 * difference_roundings<T>);
        CHECK(roundings(run.ddecay, ddecay) < 8 * difference_roundings<T>);
        CHECK(roundings(run.dfirst, dfirst) < 8 * difference_roundings<T>);
    });
}

TEST_CASE("wkv: parameters that are not trained need no gradient") {
    WkvRun<float> with{{2, 7, 17}};
    WkvRun<float> without{{2, 7, 17}};
    with.backward();
    without.backward(false);
    CHECK(same_bits(with.dk, without.dk));
    CHECK(same_bits(with.dv, without.dv));
}

TEST_CASE("wkv: fresh gradients have the bits of zeros that were there") {
    WkvRun<float> found{{2, 7, 65}};
    auto fresh = found;
    for (auto* d : {&found.dk, &found.dv}) { std::fill(d->begin(), d->end(), 0.0F); }
    found.backward();
    fresh.backward(true, true);
    CHECK(same_bits(fresh.dk, found.dk));
    CHECK(same_bits(fresh.dv, found.dv));
}

TEST_CASE_TEMPLATE("wkv: streaming, split at every point, equals the whole sequence bit for bit", T,
                   float, double) {
    Btc const n{2, 7, 65};
    WkvRun<T> run{n};
    auto const rest = [&] {
        std::vector<T> state(static_cast<std::size_t>(3 * n.B * n.C));
        std::fill(state.begin() + 2 * n.B * n.C, state.end(), static_cast<T>(kernels::wkv_rest));
        return state;
    };
    auto whole_state = rest();
    auto const whole = run.forward(whole_state.data());
    CHECK(same_bits(whole, run.forward()));
    for (index split = 1; split < n.T; ++split) {
        auto state = rest();
        for (auto const& [from, to] : {std::pair{index{0}, split}, std::pair{split, n.T}}) {
            WkvRun<T> part{{n.B, to - from, n.C}};
            index const length = (to - from) * n.C;
            for (index b = 0; b < n.B; ++b) {
                index const start = (b * n.T + from) * n.C;
                std::copy_n(run.k.data() + start, length, part.k.data() + b * length);
                std::copy_n(run.v.data() + start, length, part.v.data() + b * length);
            }
            auto const y = part.forward(state.data());
            for (index b = 0; b < n.B; ++b) {
                CHECK(std::equal(y.data() + b * length, y.data() + (b + 1) * length,
                                 whole.data() + (b * n.T + from) * n.C));
            }
        }
        CHECK(same_bits(state, whole_state));
    }
}

TEST_CASE_TEMPLATE("wkv: same bits for one and several threads", T, float, double) {
    for (Btc const n : {Btc{1, 300, 641}, Btc{3, 100, 641}}) {
        check_threads([n]<class Policy>(Policy policy) {
            WkvRun<T, Policy> run{n, policy};
            auto const y = run.forward();
            run.backward();
            return bits_of(y, run.history, run.dk, run.dv, run.ddecay, run.dfirst);
        });
    }
}

TEST_CASE("wkv: sequences add to the gradients of a channel one after another") {
    Btc const n{2, 3, 2 * kernels::widest_strip + 17};
    WkvRun<float> all{n};
    all.forward();
    auto ddecay = all.ddecay, dfirst = all.dfirst;
    auto const own = n.T * n.C;
    for (index b = 0; b < n.B; ++b) {
        WkvRun<float> one{{1, n.T, n.C}};
        one.decay = all.decay;
        one.first = all.first;
        auto const part = [&](std::vector<float> const& of_all) {
            return std::vector<float>(of_all.begin() + b * own, of_all.begin() + (b + 1) * own);
        };
        one.k = part(all.k), one.v = part(all.v), one.dy = part(all.dy);
        one.ddecay = ddecay, one.dfirst = dfirst;
        one.forward();
        one.backward();
        ddecay = one.ddecay, dfirst = one.dfirst;
    }
    all.backward();
    CHECK(same_bits(all.ddecay, ddecay));
    CHECK(same_bits(all.dfirst, dfirst));
}

TEST_CASE("wkv: a channel does not depend on its neighbours") {
    WkvRun<float> all{{1, 9, 70}};
    auto const y = all.forward();
    for (index const c : {0, 15, 16, 63, 64, 69}) {
        WkvRun<float> one{{1, 9, 1}};
        auto const channel = static_cast<std::size_t>(c);
        one.decay = {all.decay[channel]};
        one.first = {all.first[channel]};
        for (std::size_t t = 0; t < 9; ++t) {
            one.k[t] = all.k[t * 70 + channel];
            one.v[t] = all.v[t * 70 + channel];
        }
        auto const alone = one.forward();
        for (std::size_t t = 0; t < 9; ++t) { CHECK(alone[t] == y[t * 70 + channel]); }
    }
}

}  // namespace
}  // namespace spikelet::test::wkv_test
