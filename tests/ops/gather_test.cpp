// SPDX-License-Identifier: MIT
#include <spikelet/ops/gather.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::gather_test {
namespace {

template <class T>
struct Table {
    BasicParameter<T, dyn, 3> weight{4, 3};
    SPIKELET_PARTS(weight)
    auto operator()(auto ids) const { return gather(ids, weight); }
};

Tensor<std::int32_t, dyn, dyn> six_ids(std::int32_t last = 3) {
    Tensor<std::int32_t, dyn, dyn> ids(2, 3);
    std::int32_t const numbers[6] = {1, 1, 0, 3, 1, last};
    std::copy(std::begin(numbers), std::end(numbers), ids.data());
    return ids;
}

TEST_CASE("gather: every id becomes its row") {
    Table<float> table;
    fill_random(table.weight, 1);
    auto const ids = six_ids();
    Tape tape;
    auto const y = table(tape.begin(ids.view()));
    CHECK(y.extents == Extents<dyn, dyn, 3>(2, 3, {}));
    for (index i = 0; i < 6; ++i) {
        float const* const row = table.weight.value() + ids.data()[i] * 3;
        CHECK(std::equal(row, row + 3, y.data + i * 3));
    }
}

TEST_CASE("gather: backward equals finite differences; ids have no gradient") {
    Table<double> table;
    fill_random(table.weight, 1);
    auto const report = gradcheck(table, six_ids());
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 12);
}

TEST_CASE("gather: a frozen table is only read") {
    Table<float> table;
    fill_random(table.weight, 1);
    table.weight.freeze();
    auto const ids = six_ids();
    Tape tape;
    auto const y = table(tape.begin(ids.view()));
    CHECK_NOTHROW(tape.backward(y));
}

TEST_CASE("gather: an id outside the table is an error") {
    Table<float> table;
    fill_random(table.weight, 1);
    Tape tape;
    for (std::int32_t const id : {-1, 4}) {
        auto const ids = six_ids(id);
        auto const v = tape.begin(ids.view());
        CHECK_THROWS_AS((void)table(v), Error);
    }
    auto const ids = six_ids(4);
    auto const v = tape.begin(ids.view());
    CHECK_THROWS_WITH_AS((void)table(v), "embedding: token 4 is outside the vocabulary of 4",
                         Error);
}

}  // namespace
}  // namespace spikelet::test::gather_test
