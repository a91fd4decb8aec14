// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/stored_weight.hpp>

#include <vector>

#include <doctest/doctest.h>

namespace spikelet::test::stored_weight_test {
namespace {

TEST_CASE("stored weight: the type of the codes says how many bytes and scales there are") {
    StoredWeight<bf16, 64, 5> const half({}, {});
    CHECK(half.type() == WeightType::bf16);
    CHECK(half.codes.extents() == Extents<64, 10>{});
    CHECK(half.scale.size() == 0);

    StoredWeight<std::int8_t, 64, 5> const bytes({}, {});
    CHECK(bytes.type() == WeightType::int8);
    CHECK(bytes.codes.extents() == Extents<64, 5>{});
    CHECK(bytes.scale.extents() == Extents<1, 5>{});

    StoredWeight<int4, 64, 5> const nibbles({}, {});
    CHECK(nibbles.type() == WeightType::int4);
    CHECK(nibbles.codes.extents() == Extents<64, 3>{});

    StoredWeight<trit, 64, 65> const planes({}, {});
    CHECK(planes.type() == WeightType::ternary);
    CHECK(planes.codes.extents() == Extents<64, 32>{});
    CHECK(planes.group() == 64);
}

TEST_CASE("stored weight: the type and the groups may be chosen at run time") {
    StoredWeight<any_weight, dyn, dyn> weight(200, 9);
    CHECK(weight.type() == WeightType::int8);
    CHECK(weight.group() == 200);
    weight.store_as(WeightType::int4, 64);
    CHECK(weight.codes.extents()[1] == 5);
    CHECK(weight.scale.extents()[0] == 4);
    CHECK(weight.group() == 64);
    weight.store_as(WeightType::f32);
    CHECK(weight.codes.extents()[1] == 36);
    CHECK(weight.scale.size() == 0);
    weight.store_as(WeightType::int4, PTRDIFF_MAX - 63);
    CHECK(weight.group() == 200);
    CHECK(weight.scale.extents()[0] == 1);
    CHECK_THROWS_AS(weight.store_as(WeightType::int4, 65), Error);
    CHECK_THROWS_AS(weight.store_as(WeightType::int4, -64), Error);
}

TEST_CASE("stored weight: codes and scales are parts") {
    StoredWeight<any_weight, dyn, 3> weight(128, {});
    weight.store_as(WeightType::ternary, 64);
    std::vector<std::string> names;
    each_parameter(weight, [&](std::string_view name, auto const&) { names.emplace_back(name); });
    CHECK(names == std::vector<std::string>{"codes", "scale"});
    index seen = 0;
    each_stored_weight(weight, [&](std::string_view, auto& w) { seen += w.extents().size(); });
    CHECK(seen == 384);
}

TEST_CASE("stored weight: without inputs there are no scales") {
    StoredWeight<any_weight, dyn, dyn> const weight(0, 7);
    CHECK(weight.codes.size() == 0);
    CHECK(weight.scale.size() == 0);
}

/// What says what it trains as, and what does not.
struct Layers {
    struct Trained {
        BasicParameter<float, dyn, dyn> weight{3, 2};
        WeightFormat trains_as{};
        SPIKELET_PARTS(weight)
    };
    struct Plain {
        BasicParameter<float, dyn, dyn> weight{3, 2};
        SPIKELET_PARTS(weight)
    };
    Trained a, b;
    Plain c;
    SPIKELET_PARTS(a, b, c)
};

TEST_CASE("stored weight: formats have the names of the weights, and are there to be changed") {
    Layers layers;
    std::vector<std::string> names;
    each_weight_format(layers, [&](std::string_view name, WeightFormat& format) {
        names.emplace_back(name);
        format = {WeightType::int4, 64};
    });
    CHECK(names == std::vector<std::string>{"a.weight", "b.weight"});
    CHECK(layers.b.trains_as == WeightFormat{WeightType::int4, 64});
    CHECK(name_of(layers.a.trains_as.type) == "int4");
}

template <class C>
struct Matrix {
    StoredWeight<C, 8, 8> weight{{}, {}};
    SPIKELET_PARTS(weight)
};

static_assert(has_static_sizes<Matrix<int4>>());
static_assert(has_static_sizes<Matrix<trit>>());
static_assert(!has_static_sizes<Matrix<any_weight>>());

}  // namespace
}  // namespace spikelet::test::stored_weight_test
