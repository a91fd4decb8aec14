// SPDX-License-Identifier: MIT
#include <spikelet/kernels/event_matmul.hpp>

#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test::event_matmul_test {
namespace {

using kernels::EventMatmul;
using kernels::LinearProducts;
using kernels::MatmulSize;

/// Events and the dense matrices they meet.
template <class T, class S>
struct Products {
    MatmulSize n;
    RandomSpikes<T, S> events;
    std::vector<T> w = random_numbers<T>(n.inputs * n.outputs, 2);
    std::vector<T> dy = random_numbers<T>(n.rows * n.outputs, 3);

    Products(MatmulSize size, double density)
        : n(size),
          events(size.rows, size.inputs, density, 1) {}

    [[nodiscard]] std::vector<T> forward(OpenMp<> policy = {1}) const {
        using Kernel = EventMatmul<OpenMp<>, S>;
        auto scratch = some_scratch(Kernel::template forward_workspace<T>(n));
        std::vector<T> y(dy.size(), T(99));
        Kernel::forward(policy, n, events.packed.data(), w.data(), y.data(), scratch.data());
        check_end(scratch);
        return y;
    }
    [[nodiscard]] std::vector<T> backward_weight(OpenMp<> policy = {1}) const {
        using Kernel = EventMatmul<OpenMp<>, S>;
        auto scratch = some_scratch(Kernel::template backward_workspace<T>(n));
        std::vector<T> dw = w;
        Kernel::backward_weight(policy, n, events.packed.data(), dy.data(), dw.data(),
                                scratch.data());
        check_end(scratch);
        return dw;
    }

    /// The same of numbers, with all terms.
    [[nodiscard]] std::vector<T> dense_forward() const {
        auto scratch = some_scratch(LinearProducts<T, Serial<>>::workspace(n));
        std::vector<T> y(dy.size(), T(99));
        LinearProducts<T, Serial<>>::forward({}, n, events.numbers.data(), w.data(), y.data(),
                                             scratch.data());
        return y;
    }
    [[nodiscard]] std::vector<T> dense_backward_weight() const {
        auto scratch = some_scratch(LinearProducts<T, Serial<>>::workspace(n));
        std::vector<T> dw = w;
        LinearProducts<T, Serial<>>::backward_weight({}, n, events.numbers.data(), dy.data(),
                                                     dw.data(), scratch.data());
        return dw;
    }

    static constexpr index more = 64;  // than is asked for, which nobody may write to
    static std::vector<T> some_scratch(index units) {
        return std::vector<T>(static_cast<std::size_t>(units + more), T(77));
    }
    static void check_end(std::vector<T> const& scratch) {
        CHECK(std::count(scratch.end() - more, scratch.end(), T(77)) == more);
    }
};

template <class T, class S>
void compare(MatmulSize n, double density) {
    CAPTURE(n.rows);
    CAPTURE(n.inputs);
    CAPTURE(n.outputs);
    CAPTURE(density);
    Products<T, S> const p(n, density);
    auto const y = p.forward();
    auto const dw = p.backward_weight();
    CHECK(same_bits(y, p.dense_forward()));
    CHECK(same_bits(dw, p.dense_backward_weight()));
    auto const expected =
        reference::product(doubles(p.events.numbers), doubles(p.w), n.rows, n.inputs, n.outputs);
    CHECK(worst_error(y, expected, n.inputs) < Element<S>::planes * Element<S>::planes);
    for (int const threads : {2, 3}) {
        CHECK(same_bits(p.forward(OpenMp<>{threads}), y));
        CHECK(same_bits(p.backward_weight(OpenMp<>{threads}), dw));
    }
}

TEST_CASE_TEMPLATE("event_matmul: the bits of the products of numbers, for every kind and density",
                   S, graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    for (double const density : {0.0, 0.05, 0.3, 1.0}) {
        for (index const odd : {1, 15, 16, 17, 63, 64, 65, 130}) {
            compare<float, S>({odd, odd, odd}, density);
            compare<float, S>({7, odd, 100}, density);
        }
        for (MatmulSize const n :
             {MatmulSize{0, 5, 5}, MatmulSize{5, 0, 5}, MatmulSize{40, 0, 5}, MatmulSize{5, 5, 0},
              MatmulSize{1, 1100, 700}, MatmulSize{2, 600, 40}, MatmulSize{300, 520, 150}}) {
            compare<float, S>(n, density);
        }
    }
}

TEST_CASE("event_matmul: in double, too") {
    for (double const density : {0.0, 0.05, 0.3, 1.0}) {
        for (index const odd : {1, 15, 16, 17, 63, 64, 65, 130}) {
            compare<double, graded<3>>({odd, 70, 33}, density);
        }
        compare<double, graded<3>>({1, 1100, 70}, density);
    }
}

TEST_CASE_TEMPLATE("event_matmul: rows whose densities differ", T, float, double) {
    using S = graded<3>;
    MatmulSize const n{2070, 130, 90};
    Products<T, S> p(n, 0.03);
    p.events.replace(1024, RandomSpikes<T, S>(1024, n.inputs, 0.95, 2));
    CHECK(same_bits(p.forward(), p.dense_forward()));
    CHECK(same_bits(p.backward_weight(OpenMp<>{2}), p.dense_backward_weight()));
}

TEST_CASE_TEMPLATE("event_matmul: the last rows may need more room than all before", T, float,
                   double) {
    using S = graded<3>;
    bool const floats = std::is_same_v<T, float>;
    Products<T, S> const p(floats ? MatmulSize{1924, 130, 32} : MatmulSize{1920, 65, 32}, 1.0);
    CHECK(same_bits(p.forward(), p.dense_forward()));
    CHECK(same_bits(p.backward_weight(), p.dense_backward_weight()));
}

TEST_CASE_TEMPLATE("event_matmul: same bits row by row and all at once", S, graded<3>,
                   signed_graded<3>, trit) {
    MatmulSize const n{100, 1100, 330};
    for (double const density : {0.1, 0.7}) {
        Products<float, S> const p(n, density);
        auto const y = p.forward();
        for (index r = 0; r < n.rows; ++r) {
            std::vector<float> one(static_cast<std::size_t>(n.outputs));
            EventMatmul<OpenMp<>, S>::forward({1}, {1, n.inputs, n.outputs},
                                              p.events.packed.data() +
                                                  r * Element<S>::row_units(n.inputs),
                                              p.w.data(), one.data(), static_cast<float*>(nullptr));
            CHECK(same_bits(one, {y.begin() + r * n.outputs, y.begin() + (r + 1) * n.outputs}));
        }
    }
}

TEST_CASE_TEMPLATE("event_matmul: one row does not read the weights of silent inputs", T, float,
                   double) {
    Products<T, graded<3>> p({1, 100, 40}, 0.0);
    p.events.packed[0] = 0x2F;
    std::fill(p.w.begin(), p.w.end(), std::numeric_limits<T>::infinity());
    for (index const i : {0, 1, 2, 3, 5}) { std::fill_n(p.w.begin() + i * 40, 40, T(1)); }
    CHECK(p.forward() == std::vector<T>(40, T(5)));
}

TEST_CASE("event_matmul: one row needs no workspace, no gradient may be asked for") {
    using Kernel = EventMatmul<Serial<>, graded<3>>;
    static_assert(Kernel::forward_workspace<float>({1, 1 << 20, 1 << 20}) == 0);
    word const events[3]{};
    float const dy[1]{};
    Kernel::backward_weight({}, {1, 1, 1}, events, dy, static_cast<float*>(nullptr),
                            static_cast<float*>(nullptr));
}

}  // namespace
}  // namespace spikelet::test::event_matmul_test
