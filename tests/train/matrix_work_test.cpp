// SPDX-License-Identifier: MIT
#include <spikelet/train/matrix_work.hpp>

#include <array>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/quantize.hpp>
#include <spikelet/train/energy.hpp>

#include <support/values.hpp>

namespace spikelet::test::matrix_work_test {
namespace {

constexpr index inputs = 1100;  // more than are listed at once
constexpr index outputs = 37;

/// Computes y = x W twice, counted and not, which must give the same bits; returns the counts.
template <class S>
Work work_of(auto const& matrix, Tensor<S, dyn, dyn> const& x) {
    MatrixWork counts(matrix);
    Forward plain{serial};
    auto const expected = values_of(matrix(plain.begin(x.view())));
    Forward counted{counting(counts.work())};
    counted.observe(&counts);
    CHECK(values_of(matrix(counted.begin(x.view()))) == expected);
    REQUIRE(counts.matrices().size() == 1);
    CHECK(counts.matrices()[0].terms() == inputs * outputs);
    return counts.matrices()[0].work;
}

Linear<dyn, dyn> random_matrix() {
    Linear<dyn, dyn> matrix{inputs, outputs};
    Rng rng(1);
    matrix.init(rng);
    return matrix;
}

Linear<dyn, dyn, any_weight> in_few_bits(WeightType type, index group) {
    Linear<dyn, dyn, any_weight> matrix{inputs, outputs};
    matrix.weight.store_as(type, group);
    auto const numbers = random_matrix();
    quantize(numbers, matrix);
    return matrix;
}

/// A row of which every `every`th value is not 0.
template <class S>
Tensor<S, dyn, dyn> row_of(index every, int value) {
    std::vector<int> values(inputs);
    for (index i = 0; i < inputs; i += every) { values[static_cast<std::size_t>(i)] = value; }
    Tensor<S, dyn, dyn> row(Extents<dyn, dyn>(1, inputs));
    if constexpr (SpikeKind<S>) {
        pack<S>(values.data(), inputs, row.row(0));
    } else {
        std::copy(values.begin(), values.end(), row.row(0));
    }
    return row;
}

/// Numbers, spikes of them, and a matrix that reads these.
struct Model {
    Linear<dyn, dyn> first{inputs, outputs};
    Heaviside<> node{};
    Linear<dyn, dyn> second{outputs, 3};
    SPIKELET_PARTS(first, node, second)

    constexpr auto operator()(auto x) const { return second(node(first(x))); }
};

constexpr index every = 5;
constexpr index active = inputs / every * outputs;  // terms of inputs that are not 0
constexpr index silent = inputs * outputs - active;

TEST_CASE("matrix work: numbers multiply, and zeros are left out where they are many") {
    auto const matrix = random_matrix();
    CHECK(work_of(matrix, row_of<float>(1, 2)) ==
          Work{.multiply_adds = inputs * outputs, .weight_bytes = inputs * outputs * 4});
    CHECK(work_of(matrix, row_of<float>(2, 2)) ==  // too few
          Work{.multiply_adds = inputs * outputs, .weight_bytes = inputs * outputs * 4});
    CHECK(work_of(matrix, row_of<float>(every, 2)) ==
          Work{.multiply_adds = active, .skipped = silent, .weight_bytes = active * 4});
}

TEST_CASE("matrix work: spikes add, spikes with values multiply; silent inputs read nothing") {
    auto const matrix = random_matrix();
    CHECK(work_of(matrix, row_of<bit>(every, 1)) ==
          Work{.additions = active, .skipped = silent, .weight_bytes = active * 4});
    CHECK(work_of(matrix, row_of<graded<3>>(every, 5)) ==
          Work{.multiply_adds = active, .skipped = silent, .weight_bytes = active * 4});
    CHECK(work_of(matrix, row_of<bit>(1, 0)) == Work{.skipped = inputs * outputs});
    CHECK(work_of(matrix, row_of<bit>(1, 1)) ==
          Work{.additions = inputs * outputs, .weight_bytes = inputs * outputs * 4});
}

TEST_CASE("matrix work: codes of few bits count as whole numbers, and a scale for each group") {
    constexpr index groups = (inputs + 63) / 64;
    constexpr index scales = groups * outputs;
    auto const int8 = in_few_bits(WeightType::int8, 64);
    CHECK(work_of(int8, row_of<bit>(every, 1)) == Work{.multiply_adds = scales,
                                                       .integer_multiply_adds = active,
                                                       .skipped = silent,
                                                       .weight_bytes = active + scales * 4});
    CHECK(work_of(int8, row_of<float>(1, 1)) ==
          Work{.multiply_adds = scales,
               .integer_multiply_adds = inputs * outputs,
               .weight_bytes = inputs * outputs + scales * 4});
    CHECK(work_of(int8, row_of<float>(every, 1)) ==  // zeros of numbers are left out, too
          work_of(int8, row_of<bit>(every, 1)));
    auto const ternary = in_few_bits(WeightType::ternary, 0);
    // A row of 37 trits takes two words. A value of 5 reads its row for 4 and for 1.
    CHECK(work_of(ternary, row_of<bit>(every, 1)) ==
          Work{.multiply_adds = outputs,
               .integer_additions = active,
               .skipped = silent,
               .weight_bytes = active / outputs * 16 + outputs * 4});
    CHECK(work_of(ternary, row_of<graded<3>>(every, 5)) ==
          Work{.multiply_adds = outputs,
               .integer_additions = 2 * active,
               .skipped = silent,
               .weight_bytes = 2 * active / outputs * 16 + outputs * 4});
    auto const half = in_few_bits(WeightType::bf16, 0);
    CHECK(work_of(half, row_of<float>(1, 1)) ==
          Work{.multiply_adds = inputs * outputs, .weight_bytes = inputs * outputs * 2});
    CHECK(work_of(half, row_of<float>(every, 1)) ==
          Work{.multiply_adds = active, .skipped = silent, .weight_bytes = active * 2});
    CHECK(work_of(half, row_of<bit>(every, 1)) ==
          Work{.additions = active, .skipped = silent, .weight_bytes = active * 2});
    auto const stored = in_few_bits(WeightType::f32, 0);
    CHECK(work_of(stored, row_of<float>(every, 1)) ==
          work_of(random_matrix(), row_of<float>(every, 1)));
    CHECK(work_of(stored, row_of<bit>(every, 1)) ==
          work_of(random_matrix(), row_of<bit>(every, 1)));
}

TEST_CASE("matrix work: known spikes cost what they must, each matrix for itself") {
    Model model;
    Rng rng(1);
    model.first.init(rng);
    model.second.init(rng);
    for (bool const fires : {false, true}) {
        model.node.threshold = fires ? -1e9 : 1e9;
        MatrixWork counts(model);
        Forward forward{counting(counts.work())};
        forward.observe(&counts);
        auto const x = row_of<float>(1, 1);
        for (int token = 0; token < 3; ++token) { (void)model(forward.begin(x.view())); }
        auto const& matrices = counts.matrices();
        REQUIRE(matrices.size() == 2);
        CHECK(matrices[0].name == "first");
        CHECK(matrices[0].products == 3);
        CHECK(matrices[0].work.multiply_adds == 3 * inputs * outputs);
        CHECK(matrices[0].work.additions == 0);
        CHECK(matrices[1].work == Work{.additions = fires ? 3 * outputs * 3 : 0,
                                       .skipped = fires ? 0 : 3 * outputs * 3,
                                       .weight_bytes = fires ? 3 * outputs * 3 * 4 : 0});
    }
}

TEST_CASE("matrix work: products of several rows are refused, not guessed") {
    auto const matrix = random_matrix();
    Work work;
    Forward forward{counting(work)};
    auto const x = random_tensor<float>(Extents<dyn, dyn>(2, inputs), 1);
    CHECK_THROWS_WITH_AS(matrix(forward.begin(x.view())),
                         "counting: a product of 2 rows is not counted; stream one token at a time",
                         Error);
    CHECK(work == Work{});
}

TEST_CASE("energy: of counts, and of the released model as the paper accounts for it") {
    constexpr Work work{10, 20, 30, 40, 50, 60};
    CHECK(energy_as_executed(work) == doctest::Approx(46 + 18 + 9 + 4));
    CHECK(energy_of_traffic(work) == doctest::Approx(60 * 162.5));
    // 18 blocks of 768 channels at a rate of 0.34, and a head of 50277 outputs that multiplies.
    double const blocks = 18.0 * 13 * 768 * 768;
    double const head = 768.0 * 50277;
    double const paper = energy_as_in_paper(blocks, 0.34) + energy_of_dense(head);
    CHECK(energy_of_dense(blocks + head) / paper == doctest::Approx(3.69).epsilon(0.002));
}

}  // namespace
}  // namespace spikelet::test::matrix_work_test
