// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/parts.hpp>

#include <array>
#include <numeric>
#include <string>

#include <doctest/doctest.h>

namespace spikelet::parts_test {
namespace {

struct Leaf {
    Parameter<2, 3> weight;
    Parameter<3> bias;
    int not_a_part = 0;
    SPIKELET_PARTS(weight, bias)
};

struct Tree {
    Leaf first;
    std::array<Leaf, 2> list;
    std::vector<Leaf> longer;
    std::optional<Leaf> maybe;
    Parameter<dyn> own{5};
    SPIKELET_PARTS(first, list, longer, maybe, own)
};

struct Empty {
    SPIKELET_PARTS()
};

/// As many parts as the largest layer one would write by hand.
struct Wide {
    Parameter<1> a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x;
    SPIKELET_PARTS(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
};

static_assert(Layer<Leaf>);
static_assert(Layer<Leaf const>);
static_assert(Layer<Empty>);
static_assert(!Layer<int>);
static_assert(!Layer<Parameter<3>>);
static_assert(IsParameter<Parameter<3>>);
static_assert(IsParameter<BasicParameter<double, 3> const>);
static_assert(!IsParameter<Leaf>);
static_assert(has_static_sizes<Leaf>());
static_assert(has_static_sizes<std::array<Leaf, 2>>());
static_assert(!has_static_sizes<Tree>());
static_assert(!has_static_sizes<std::vector<Leaf>>());
static_assert(parameter_count<Leaf>() == 9);

std::vector<std::string> names(auto& model) {
    std::vector<std::string> list;
    each_parameter(model, [&](std::string_view name, auto&) { list.emplace_back(name); });
    return list;
}

TEST_CASE("parts: parameters have dotted names, in the order of the list") {
    Tree tree;
    tree.longer.resize(1);
    CHECK(names(tree) == std::vector<std::string>{"first.weight", "first.bias", "list.0.weight",
                                                  "list.0.bias", "list.1.weight", "list.1.bias",
                                                  "longer.0.weight", "longer.0.bias", "own"});
    tree.maybe.emplace();
    CHECK(names(tree).size() == 11);
    CHECK(names(tree)[8] == "maybe.weight");
    CHECK(parameter_count(tree) == 5 * 9 + 5);
}

TEST_CASE("parts: every member of a long list is visited once") {
    Wide wide;
    auto const list = names(wide);
    CHECK(list.size() == 24);
    CHECK(list.front() == "a");
    CHECK(list.back() == "x");
}

TEST_CASE("parts: each_part meets layers and lists before what is in them") {
    Tree const tree;
    std::vector<std::string> seen;
    each_part(PartName{}, tree, [&](PartName const& name, auto const&) {
        seen.emplace_back(std::string_view(name));
    });
    CHECK(seen[0].empty());
    CHECK(seen[1] == "first");
    CHECK(seen[2] == "first.weight");
    CHECK(seen[4] == "list");
    CHECK(seen[5] == "list.0");
}

TEST_CASE("parts: allocate gives memory to all, gradients when asked") {
    Tree tree;
    tree.longer.resize(2);
    allocate(tree);
    CHECK(tree.longer[1].bias.value() != nullptr);
    CHECK(tree.longer[1].bias.gradient() == nullptr);
    allocate(tree, true);
    CHECK(tree.longer[1].bias.gradient() != nullptr);
}

TEST_CASE("parts: zero_gradients clears those that there are") {
    Leaf leaf;
    allocate(leaf, true);
    leaf.bias.freeze();
    leaf.weight.gradient()[4] = 3;
    zero_gradients(leaf);
    CHECK(leaf.weight.gradient()[4] == 0);
}

TEST_CASE("part name: one that is too long is an error, not another name") {
    PartName const long_name = PartName{}.with(std::string(119, 'x'));
    CHECK(std::string_view(long_name.with("")).size() == 120);
    CHECK_THROWS_WITH_AS(long_name.with("y"), "part: a name has over 120 letters", Error);
}

TEST_CASE("parts: bind lays all parameters over one array, in order") {
    Tree model;
    model.longer.resize(1);
    index const n = parameter_count(model);
    std::vector<float> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), 0.0F);
    bind(model, std::span<float const>(numbers));
    float next = 0;
    each_parameter(model, [&](std::string_view, auto const& p) {
        CHECK(p.read_only());
        for (float x : p.span()) { CHECK(x == next++); }
    });
    CHECK(next == static_cast<float>(n));
    bind(model, std::span<float>(numbers));
    each_parameter(model, [&](std::string_view, auto const& p) { CHECK_FALSE(p.read_only()); });
    numbers.pop_back();
    CHECK_THROWS_AS(bind(model, std::span<float>(numbers)), Error);
}

TEST_CASE("parts: bind takes arrays whose size is in their type, constant ones too") {
    static constexpr std::array<float, 9> flash{0, 1, 2, 3, 4, 5, 6, 7, 8};
    Leaf leaf;
    bind(leaf, std::span{flash});
    CHECK(leaf.weight.value() == flash.data());
    CHECK(leaf.bias.value() == flash.data() + 6);
    CHECK(leaf.bias.read_only());
    std::array<float, 9> own{};
    bind(leaf, std::span{own});
    CHECK(leaf.bias.value() == own.data() + 6);
    CHECK_FALSE(leaf.bias.read_only());
}

TEST_CASE("parts: a model bound to constants may be a constant itself") {
    static constexpr std::array<float, 9> flash{0, 1, 2, 3, 4, 5, 6, 7, 8};
    static constexpr Leaf leaf = [] {
        Leaf bound;
        bind(bound, std::span{flash});
        return bound;
    }();
    static_assert(leaf.bias.value() == flash.data() + 6);
    CHECK(leaf.bias.read_only());
}

/// Parameters of two types, as matrices in few bits have them.
struct Coded {
    BasicParameter<std::uint8_t, 8, 2> first;
    Parameter<2> scale;
    BasicParameter<std::uint8_t, 8, 1> second;
    Parameter<3> bias;
    SPIKELET_PARTS(first, scale, second, bias)
};

TEST_CASE("parts: bind takes codes from one array and numbers from another, each in order") {
    static constexpr std::array<float, 5> numbers{};
    alignas(8) static constexpr std::array<std::uint8_t, 24> codes{};
    Coded model;
    bind(model, std::span{numbers}, std::span{codes});
    CHECK(model.first.value() == codes.data());
    CHECK(model.second.value() == codes.data() + 16);
    CHECK(model.scale.value() == numbers.data());
    CHECK(model.bias.value() == numbers.data() + 2);
    CHECK(model.second.read_only());
    CHECK_THROWS_WITH_AS(bind(model, std::span{numbers}, std::span{codes}.first(23)),
                         "bind: the model has 24 bytes of codes, there are 23 numbers", Error);
    CHECK_THROWS_WITH_AS(bind(model, std::span{numbers}.first(4), std::span{codes}),
                         "bind: the model has 5 numbers beside its codes, there are 4 numbers",
                         Error);
}

TEST_CASE("part name: grows by words and numbers") {
    PartName const root;
    CHECK(std::string_view(root).empty());
    CHECK(std::string_view(root.with("blocks").with(std::size_t{0})) == "blocks.0");
    CHECK(std::string_view(root.with("blocks").with(std::size_t{12345}).with("key")) ==
          "blocks.12345.key");
    CHECK(std::string_view(root).empty());
}

struct Given {
    explicit Given(index layers) : blocks(static_cast<std::size_t>(layers)) {}
    std::vector<Leaf> blocks;
    SPIKELET_PARTS(blocks)
};

// What must be given to make a model is known at run time.
static_assert(!has_static_sizes<Given>());

}  // namespace
}  // namespace spikelet::parts_test
