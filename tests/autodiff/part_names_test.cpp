// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/part_names.hpp>

#include <array>

#include <doctest/doctest.h>

namespace spikelet::test::part_names_test {
namespace {

struct Leaf {
    float number = 0;
    SPIKELET_PARTS()
};

/// Its first member lies at its own address.
struct Pair {
    Leaf first, second;
    SPIKELET_PARTS(first, second)
};

struct Model {
    std::array<Pair, 2> pairs;
    std::optional<Leaf> maybe;
    SPIKELET_PARTS(pairs, maybe)
};

template <class L>
std::string name_of(PartNames const& names, L const& layer, std::string_view name) {
    return names({&layer, type_id<L>(), name, Tap::Kind::f32, nullptr, 0, 0, {}});
}

TEST_CASE("part names: a layer's path stands before the name of what it shows") {
    Model model;
    model.maybe.emplace();
    PartNames const names(model);
    CHECK(name_of(names, model.pairs[1].second, "s") == "pairs.1.second.s");
    CHECK(name_of(names, *model.maybe, "s") == "maybe.s");
}

TEST_CASE("part names: a layer and its first member are told apart") {
    Model const model;
    PartNames const names(model);
    CHECK(name_of(names, model.pairs[0], "x") == "pairs.0.x");
    CHECK(name_of(names, model.pairs[0].first, "x") == "pairs.0.first.x");
}

TEST_CASE("part names: what the model itself or a stranger shows has no path") {
    Model const model;
    Leaf const stranger;
    PartNames const names(model);
    CHECK(name_of(names, model, "logits") == "logits");
    CHECK(name_of(names, stranger, "s") == "s");
}

}  // namespace
}  // namespace spikelet::test::part_names_test
