// SPDX-License-Identifier: MIT
// Models in few bits whose numbers and codes lie in memory that is not theirs.
#include <spikelet/ops/quantize.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/bias.hpp>

#include <support/numbers.hpp>

namespace spikelet::test::quantize_bound_test {
namespace {

/// Sizes in the type, as on a chip.
template <class W>
struct Fixed {
    Linear<16, 8, W> first;
    Parameter<8> bias;
    Linear<8, 5, W> second;
    SPIKELET_PARTS(first, bias, second)

    constexpr auto operator()(auto x) const { return second(add_bias(first(x), bias)); }
};

std::vector<float> results(auto const& model) {
    auto const numbers = random_numbers<float>(5 * 16, 4);
    Forward forward;
    Extents<dyn, dyn> const shape(5, 16);
    auto const y = model(forward.begin(View<float const, dyn, dyn>(numbers.data(), shape)));
    return {y.data, y.data + y.extents.size()};
}

TEST_CASE_TEMPLATE("quantize: a model bound to the codes and numbers of another is the same", C,
                   bf16, std::int8_t, int4, trit) {
    Fixed<float> trained;
    Rng rng{5};
    each_parameter(trained, [&](std::string_view, auto& p) {
        for (float& x : p.writable()) { x = static_cast<float>(rng.normal()); }
    });
    Fixed<C> desk;
    quantize(trained, desk);

    std::vector<float> numbers;
    std::vector<std::uint8_t> codes;
    auto const append = [](auto& to, auto from) { to.insert(to.end(), from.begin(), from.end()); };
    each_parameter(desk, [&]<class P>(std::string_view, P const& p) {
        if constexpr (std::is_same_v<typename P::scalar, float>) {
            append(numbers, p.span());
        } else {
            append(codes, p.span());
        }
    });
    Fixed<C> chip;
    bind(chip, std::span<float const>(numbers), std::span<std::uint8_t const>(codes));
    CHECK(results(chip) == results(desk));
    codes[0] ^= 0x5F;
    CHECK(results(chip) != results(desk));

    auto const before = codes;
    CHECK_THROWS_WITH_AS(quantize(trained, chip), doctest::Contains("is read only"), Error);
    std::vector<float> others = numbers;
    bind(chip, std::span<float>(others), std::span<std::uint8_t const>(codes));
    CHECK_THROWS_WITH_AS(quantize(trained, chip), doctest::Contains("is read only"), Error);
    CHECK(codes == before);
    CHECK(others == numbers);
}

}  // namespace
}  // namespace spikelet::test::quantize_bound_test
