// SPDX-License-Identifier: MIT
#include <spikelet/io/fingerprint.hpp>

#include <cctype>
#include <cmath>

#include <doctest/doctest.h>

#include <support/tiny_lm.hpp>

namespace spikelet::test::fingerprint_test {
namespace {

TEST_CASE("fingerprint: the same for the same weights, another after the smallest change") {
    auto model = tiny_lm();
    std::string const before = fingerprint(model);
    CHECK(before.size() == 16);
    for (char const c : before) { CHECK(std::isxdigit(static_cast<unsigned char>(c)) != 0); }
    CHECK(fingerprint(tiny_lm()) == before);
    CHECK(fingerprint(tiny_lm(2)) != before);
    float& last = model.head.weight.span().back();
    float const kept = last;
    last = std::nextafter(last, 2.0F);
    CHECK(fingerprint(model) != before);
    last = kept;
    CHECK(fingerprint(model) == before);
}

struct Pair {
    Parameter<2> first;
    Parameter<2> second;
    SPIKELET_PARTS(first, second)
};
struct Swapped {
    Parameter<2> second;
    Parameter<2> first;
    SPIKELET_PARTS(second, first)
};

TEST_CASE("fingerprint: names count, and so does having numbers") {
    Pair pair;
    Swapped swapped;
    CHECK_THROWS_WITH_AS(static_cast<void>(fingerprint(pair)),
                         "fingerprint: the parameter 'first' has no numbers yet", Error);
    allocate(pair);
    allocate(swapped);
    CHECK(fingerprint(pair) != fingerprint(swapped));
}

}  // namespace
}  // namespace spikelet::test::fingerprint_test
