// SPDX-License-Identifier: MIT
#include <spikelet/kernels/event_shift.hpp>

#include <cmath>
#include <cstring>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>
#include <support/numbers.hpp>
#include <support/threads.hpp>

namespace spikelet::test::event_shift_test {
namespace {

using kernels::Btc;

/// Weights on both sides of 1/2, some right at it or right below, some that are no part of a mix.
template <class T>
std::vector<T> some_weights(index n, std::uint64_t seed) {
    auto m = random_numbers<T>(n, seed);
    for (std::size_t c = 0; c < m.size(); ++c) {
        T const special[4] = {T(0.5), std::nextafter(T(0.5), T(0)), T(1.5), T(-0.25)};
        m[c] = c % 3 == 0 ? special[c / 3 % 4] : T(0.5) + m[c] / 4;
    }
    return m;
}

/// Events, three shifts of them, and what the kernel makes of both.
template <class S, class T, class Policy = Serial<>>
struct ShiftRun {
    static constexpr std::size_t N = 3;
    using Kernel = kernels::EventShift<Policy, S>;

    Btc n;
    Policy policy{};
    index rows = n.B * n.T;
    RandomSpikes<T, S> s{rows, n.C, 0.6, 1};
    RandomSpikes<T, S> before{n.B, n.C, 0.6, 2};
    std::array<std::vector<T>, N> m{some_weights<T>(n.C, 3), some_weights<T>(n.C, 4),
                                    some_weights<T>(n.C, 5)};
    std::array<std::vector<T>, N> dy{random_numbers<T>(rows * n.C, 6),
                                     random_numbers<T>(rows* n.C, 7),
                                     random_numbers<T>(rows* n.C, 8)};
    std::vector<T> ds = random_numbers<T>(rows * n.C, 9);
    std::array<std::vector<T>, N> dm{random_numbers<T>(n.C, 10), random_numbers<T>(n.C, 11),
                                     random_numbers<T>(n.C, 12)};
    std::vector<T> state = state_of(before.packed);
    std::array<std::vector<word>, N> y{garbage(), garbage(), garbage()};

    [[nodiscard]] std::vector<word> garbage() const {
        return std::vector<word>(s.packed.size(), ~word{0});
    }
    std::vector<T> state_of(std::vector<word> const& words) const {
        std::vector<T> numbers(
            static_cast<std::size_t>(n.B * Kernel::template state_units<T>(n.C)));
        CHECK(numbers.size() * sizeof(T) == words.size() * sizeof(word));
        std::memcpy(numbers.data(), words.data(), words.size() * sizeof(word));
        return numbers;
    }

    void forward(bool carries) {
        Kernel::template forward<T, N>(
            policy, n, s.packed.data(), {m[0].data(), m[1].data(), m[2].data()},
            {y[0].data(), y[1].data(), y[2].data()}, carries ? state.data() : nullptr);
    }
    void backward(bool with_input, std::array<bool, N> trained, bool fresh = false) {
        auto const gradient = [&](std::size_t j) { return trained[j] ? dm[j].data() : nullptr; };
        Kernel::template backward<T, N>(policy, n, s.packed.data(),
                                        {m[0].data(), m[1].data(), m[2].data()},
                                        {dy[0].data(), dy[1].data(), dy[2].data()},
                                        Accumulator<T>(with_input ? ds.data() : nullptr, fresh),
                                        {gradient(0), gradient(1), gradient(2)});
    }

    /// The events of one step before, which is of the state or silent at the start.
    [[nodiscard]] T earlier(index r, index c, bool carries) const {
        if (r % n.T > 0) { return s.numbers[static_cast<std::size_t>((r - 1) * n.C + c)]; }
        return carries ? before.numbers[static_cast<std::size_t>(r / n.T * n.C + c)] : T(0);
    }
    /// Shift j, packed.
    [[nodiscard]] std::vector<word> expected(std::size_t j, bool carries) const {
        std::vector<word> packed(s.packed.size());
        for (index r = 0; r < rows; ++r) {
            std::vector<T> row;
            for (index c = 0; c < n.C; ++c) {
                bool const now = m[j][static_cast<std::size_t>(c)] >= T(0.5);
                row.push_back(now ? s.numbers[static_cast<std::size_t>(r * n.C + c)]
                                  : earlier(r, c, carries));
            }
            pack<S>(row.data(), n.C, packed.data() + r * Element<S>::row_units(n.C));
        }
        return packed;
    }
};

template <class F>
void each_shift(F&& f) {
    for (index const C : {1, 7, 63, 64, 65, 130}) {
        for (index const time : {1, 2, 5}) {
            CAPTURE(C);
            CAPTURE(time);
            f(Btc{2, time, C});
        }
    }
}

template <class S, class T>
void check_forward() {
    each_shift([](Btc n) {
        for (bool const carries : {false, true}) {
            ShiftRun<S, T> run{n};
            run.forward(carries);
            for (std::size_t j = 0; j < 3; ++j) { CHECK(run.y[j] == run.expected(j, carries)); }
            if (!carries) { continue; }
            std::vector<word> last;
            index const row = Element<S>::row_units(n.C);
            for (index b = 0; b < n.B; ++b) {
                auto const end = run.s.packed.begin() + (b + 1) * n.T * row;
                last.insert(last.end(), end - row, end);
            }
            CHECK(same_bits(run.state, run.state_of(last)));
        }
    });
}

TEST_CASE_TEMPLATE("event_shift: selects events of now or of one step ago, from any state", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    check_forward<S, float>();
    check_forward<S, double>();
}

TEST_CASE("event_shift: bits of a state that are no channel's come from nowhere") {
    using S = graded<3>;
    for (index const C : {1, 63, 64, 65, 130}) {
        CAPTURE(C);
        index const units = Element<S>::row_units(C);
        std::vector<word> const silent(static_cast<std::size_t>(units));
        std::vector<double> const past(static_cast<std::size_t>(C));  // weights below 1/2
        std::vector<double> state(static_cast<std::size_t>(units));
        std::memset(state.data(), 0xff, state.size() * sizeof(double));
        std::vector<word> y(silent.size());
        kernels::EventShift<Serial<>, S>::forward<double, 1>(
            {}, {1, 1, C}, silent.data(), {past.data()}, {y.data()}, state.data());
        CHECK(activity<S>(y.data(), units / 3 * bits_per_word).events == C);
        CHECK(activity<S>(y.data(), units / 3 * bits_per_word).levels == 7 * C);
    }
}

TEST_CASE("event_shift: without any step the state stays") {
    ShiftRun<graded<3>, float> run{{2, 0, 65}};
    run.forward(true);
    CHECK(same_bits(run.state, run.state_of(run.before.packed)));
}

template <class S, class T>
void check_backward() {
    each_shift([](Btc n) {
        ShiftRun<S, T> run{n};
        auto ds = as_double(run.ds);
        std::array<std::vector<double>, 3> dm;
        for (std::size_t j = 0; j < 3; ++j) { dm[j] = as_double(run.dm[j]); }
        for (index r = 0; r < run.rows; ++r) {
            for (index c = 0; c < n.C; ++c) {
                auto const i = static_cast<std::size_t>(r * n.C + c);
                auto const channel = static_cast<std::size_t>(c);
                for (std::size_t j = 0; j < 3; ++j) {
                    auto const given = static_cast<double>(run.dy[j][i]);
                    bool const now = run.m[j][channel] >= T(0.5);
                    if (now) { ds[i] += given; }
                    if (!now && r % n.T > 0) { ds[i - static_cast<std::size_t>(n.C)] += given; }
                    // Straight through: as if m s[t] + (1 - m) s[t-1] had been mixed.
                    dm[j][channel] +=
                        given * static_cast<double>(run.s.numbers[i] - run.earlier(r, c, false));
                }
            }
        }
        run.backward(true, {true, true, true});
        CHECK(roundings(run.ds, ds) < 8);
        for (std::size_t j = 0; j < 3; ++j) { CHECK(roundings(run.dm[j], dm[j]) < 256); }
    });
}

TEST_CASE_TEMPLATE("event_shift: gradients take the way of the events, the weights' that of a mix",
                   S, bit, graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    check_backward<S, float>();
    check_backward<S, double>();
}

TEST_CASE("event_shift: a fresh gradient has the bits of zeros that were there") {
    ShiftRun<graded<3>, float> found{{2, 5, 65}};
    std::fill(found.ds.begin(), found.ds.end(), 0.0F);
    found.backward(true, {true, true, true});
    ShiftRun<graded<3>, float> fresh{{2, 5, 65}};
    fresh.backward(true, {true, true, true}, true);
    CHECK(same_bits(fresh.ds, found.ds));
    CHECK(same_bits(fresh.dm[2], found.dm[2]));
}

TEST_CASE("event_shift: weights that are not trained, and events, need no gradient") {
    ShiftRun<signed_graded<3>, double> all{{2, 5, 65}};
    auto some = all;
    auto const untouched = all;
    all.backward(true, {true, true, true});
    some.backward(false, {false, true, false});
    CHECK(same_bits(some.ds, untouched.ds));
    CHECK(same_bits(some.dm[0], untouched.dm[0]));
    CHECK(same_bits(some.dm[1], all.dm[1]));
    CHECK(same_bits(some.dm[2], untouched.dm[2]));
    some.backward(true, {true, false, true});
    CHECK(same_bits(some.ds, all.ds));
    CHECK(same_bits(some.dm[0], all.dm[0]));
    CHECK(same_bits(some.dm[1], all.dm[1]));
    CHECK(same_bits(some.dm[2], all.dm[2]));
}

TEST_CASE_TEMPLATE("event_shift: same bits for one and several threads", T, float, double) {
    // Enough rows for every thread in forward, enough channels for every strip in backward.
    check_threads([]<class Policy>(Policy policy) {
        ShiftRun<graded<3>, T, Policy> run{{3, 601, 130}, policy};
        run.forward(true);
        run.backward(true, {true, true, true});
        return bits_of(run.y[0], run.y[1], run.y[2], run.state, run.ds, run.dm[0], run.dm[1]);
    });
}

}  // namespace
}  // namespace spikelet::test::event_shift_test
