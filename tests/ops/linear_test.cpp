// SPDX-License-Identifier: MIT
#include <spikelet/ops/linear.hpp>

#include <limits>
#include <utility>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/values.hpp>

namespace spikelet::test::linear_test {
namespace {

template <index In, index Out, class T = double>
struct Map {
    BasicParameter<T, In, Out> weight;
    SPIKELET_PARTS(weight)
    auto operator()(auto x) const { return linear(x, weight); }
};

TEST_CASE_TEMPLATE("linear: x W for every row, the other extents stay", T, float, double) {
    Map<dyn, dyn, T> map{{17, 9}};
    fill_random(map.weight, 1);
    Extents<dyn, dyn, dyn> const shape(2, 3, 17);
    auto const x = random_tensor<T>(shape, 2);
    Tape<Serial<>, T> tape;
    auto const y = map(tape.begin(x.view()));
    CHECK(y.extents == Extents<dyn, dyn, dyn>(2, 3, 9));
    std::vector<double> const xd(x.span().begin(), x.span().end());
    std::vector<double> const wd(map.weight.span().begin(), map.weight.span().end());
    CHECK(roundings(values_of(y), reference::product(xd, wd, 6, 17, 9)) < 32);
}

TEST_CASE("linear: static sizes go from type to type") {
    Map<4, 6, float> map;
    fill_random(map.weight, 1);
    auto const x = random_tensor<float>(Extents<dyn, 4>(3, {}), 2);
    Tape tape;
    auto const y = map(tape.begin(x.view()));
    static_assert(decltype(y.extents)::last == 6);
    CHECK(y.extents == Extents<dyn, 6>(3, {}));
}

TEST_CASE("linear: backward equals finite differences, for few rows and for many") {
    for (index const rows : {1, 7, 40}) {
        Map<dyn, dyn> map{{5, 3}};
        fill_random(map.weight, 1);
        auto const x = random_tensor<double>(Extents<dyn, dyn>(rows, 5), 2);
        auto const report = gradcheck(map, x);
        CHECK_MESSAGE(report.passed(), to_string(report));
        CHECK(report.checked == rows * 5 + 15);
    }
}

/// Products and gradients of spikes of kind S are those of the same numbers.
template <class S, class T>
void compare_with_numbers() {
    for (index const rows : {1, 5, 70}) {
        Map<dyn, dyn, T> map{{70, 33}};
        fill_random(map.weight, 1);
        auto const spikes = random_values<S>(Extents<dyn, dyn>(rows, 70), 2);
        auto const dy = random_numbers<T>(rows * 33, 3);
        View<T const, dyn> const seed(dy.data(), Extents<dyn>(rows * 33));
        auto const dweight = [&] {
            return std::vector<double>(map.weight.gradient(),
                                       map.weight.gradient() + map.weight.size());
        };

        Tape<Serial<>, T> tape;
        auto const s = tape.begin(spikes.view());
        auto const y = map(s);
        auto const sparse = values_of(y);
        tape.backward(y, seed);
        auto const ds = gradient_of(s);
        std::vector<T> const dw(map.weight.gradient(), map.weight.gradient() + map.weight.size());

        zero_gradients(map);
        auto const t = tape.begin(spikes.view());
        auto const x = to_numbers(t);
        auto const z = map(x);
        auto const dense = values_of(z);
        tape.backward(z, seed);
        CHECK(same_bits(gradient_of(t), ds));
        if constexpr (std::is_same_v<S, bit>) {  // adds groups of four
            CHECK(roundings(sparse, std::vector<double>(dense.begin(), dense.end())) < 32);
            CHECK(roundings(dw, dweight()) < 64);
        } else {
            CHECK(same_bits(sparse, dense));
            CHECK(dweight() == std::vector<double>(dw.begin(), dw.end()));
        }
    }
}

TEST_CASE_TEMPLATE("linear: spikes count as the numbers they are, gradients too", S, bit, graded<2>,
                   graded<3>, graded<4>, signed_graded<3>, trit) {
    compare_with_numbers<S, float>();
    compare_with_numbers<S, double>();
}

/// The gradients of x and of the weight of map(f(x)) plus what g makes of f(x).
template <class T, class F, class G>
std::vector<double> gradients_behind(Tensor<T, dyn, dyn> const& x, Map<dyn, dyn, T>& map, F f,
                                     G g) {
    zero_gradients(map);
    Tape<Serial<>, T> tape;
    auto const input = tape.begin(x.view());
    auto const hidden = f(input);
    auto const y = map(hidden) + g(hidden);
    auto const dy = random_numbers<T>(y.extents.size(), 3);
    tape.backward(y, View<T const, dyn>(dy.data(), Extents<dyn>(y.extents.size())));
    auto all = as_double(gradient_of(input));
    all.insert(all.end(), map.weight.gradient(), map.weight.gradient() + map.weight.size());
    return all;
}

TEST_CASE_TEMPLATE("linear: behind relu2 the gradients are those behind any numbers", T, float,
                   double) {
    for (index const rows : {1, 7, 70, 200}) {
        Map<dyn, dyn, T> map{{140, 140}};
        fill_random(map.weight, 1);
        auto const x = random_tensor<T>(Extents<dyn, dyn>(rows, 140), 2);
        auto const squares = [](auto v) { return relu2(v); };
        auto const copied = [](auto v) { return 1 * relu2(v); };
        auto const alone = [](auto h) { return 0 * h; };
        auto const shared = [](auto h) { return sigmoid(h); };
        auto const close = [](std::vector<double> const& a, std::vector<double> const& b) {
            return roundings(std::vector<T>(a.begin(), a.end()), b) < 256;
        };
        CHECK(close(gradients_behind(x, map, squares, alone),
                    gradients_behind(x, map, copied, alone)));
        CHECK(close(gradients_behind(x, map, squares, shared),
                    gradients_behind(x, map, copied, shared)));
    }
}

TEST_CASE("linear: behind relu2 gradients of silent inputs are not computed") {
    Map<dyn, dyn, float> map{{3, 70}};
    fill_random(map.weight, 1);
    std::fill_n(map.weight.span().begin(), 70, std::numeric_limits<float>::infinity());
    for (index const rows : {2, 100}) {
        Tensor<float, dyn, dyn> x(Extents<dyn, dyn>(rows, 3));
        for (index r = 0; r < rows; ++r) { x.row(r)[0] = -1, x.row(r)[1] = 2, x.row(r)[2] = 1; }
        Tape tape;
        auto const input = tape.begin(std::as_const(x).view());
        auto const y = map(relu2(input));
        std::vector<float> const ones(static_cast<std::size_t>(rows * 70), 1.0F);
        tape.backward(y, View<float const, dyn>(ones.data(), Extents<dyn>(rows * 70)));
        for (float const slope : gradient_of(input)) { CHECK(std::isfinite(slope)); }
    }
}

TEST_CASE("linear: behind relu2 backward equals finite differences") {
    for (index const rows : {3, 40}) {
        Map<dyn, dyn> map{{5, 3}};
        fill_random(map.weight, 1);
        auto const x = random_tensor<double>(Extents<dyn, dyn>(rows, 5), 2);
        auto const report = gradcheck([&](auto v) { return map(relu2(v)); }, x);
        CHECK_MESSAGE(report.passed(), to_string(report));
    }
}

TEST_CASE("linear: a frozen weight lets the gradient through") {
    Map<5, 3, float> map;
    fill_random(map.weight, 1);
    auto const input = random_tensor<float>(Extents<2, 5>{}, 2);
    Tape tape;
    auto const x = tape.begin(input.view());
    tape.backward(map(x));
    auto const trained = gradient_of(x);
    map.weight.freeze();
    auto const again = tape.begin(input.view());
    tape.backward(map(again));
    CHECK(same_bits(gradient_of(again), trained));
}

TEST_CASE("linear: run-time sizes that do not fit are an error that shows both") {
    Map<dyn, dyn, float> map{{5, 3}};
    map.weight.allocate();
    auto const x = random_tensor<float>(Extents<dyn, dyn>(2, 4), 1);
    Tape tape;
    auto const v = tape.begin(x.view());
    CHECK_THROWS_WITH_AS((void)map(v), "linear: x is [2, 4], the parameters expect 5 channels",
                         Error);
}

}  // namespace
}  // namespace spikelet::test::linear_test
