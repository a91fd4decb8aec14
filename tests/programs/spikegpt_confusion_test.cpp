// SPDX-License-Identifier: MIT
// Figures of what was taken for what, without a model.
#include "spikegpt/confusion.hpp"

#include <doctest/doctest.h>

namespace spikelet_test::spikegpt_confusion_test {

using spikegpt::Confusion;

TEST_CASE("confusion: counts, accuracy and F1 are those of the texts") {
    std::vector<std::string> const labels{"a", "b"};
    Confusion confusion(labels);
    confusion.add(0, 0);
    confusion.add(0, 0);
    confusion.add(0, 1);
    confusion.add(1, 1);
    CHECK(confusion.count(0, 0) == 2);
    CHECK(confusion.count(0, 1) == 1);
    CHECK(confusion.count(1, 0) == 0);
    CHECK(confusion.total() == 4);
    CHECK(confusion.accuracy() == 0.75);
    CHECK(confusion.f1(0).value() == doctest::Approx(0.8));
    CHECK(confusion.f1(1).value() == doctest::Approx(2.0 / 3));
    CHECK(confusion.macro_f1() == doctest::Approx((0.8 + 2.0 / 3) / 2));
}

TEST_CASE("confusion: a class that neither occurs nor is said has no F1") {
    std::vector<std::string> const labels{"a", "b", "never", "said"};
    Confusion confusion(labels);
    CHECK(confusion.macro_f1() == 0);
    confusion.add(0, 0);
    confusion.add(1, 3);
    CHECK(!confusion.f1(2));
    CHECK(confusion.f1(1) == 0.0);
    CHECK(confusion.f1(3) == 0.0);
    CHECK(confusion.macro_f1() == doctest::Approx(1.0 / 3));
}

TEST_CASE("confusion: of many classes it has no table of all pairs") {
    // Of a million classes it would have 7 TiB.
    std::vector<std::string> const labels(1'000'000);
    Confusion confusion(labels);
    confusion.add(999'999, 7);
    CHECK(confusion.count(999'999, 7) == 1);
    CHECK(confusion.count(7, 999'999) == 0);
    CHECK(confusion.accuracy() == 0);
}

}  // namespace spikelet_test::spikegpt_confusion_test
