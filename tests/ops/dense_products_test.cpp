// SPDX-License-Identifier: MIT
#include <spikelet/ops/dense_products.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/lif.hpp>
#include <spikelet/ops/linear.hpp>

#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::dense_products_test {
namespace {

using kernels::Bf16Matmul;
using kernels::Matmul;
using Numbers = std::vector<float>;

constexpr kernels::MatmulSize size{40, 17, 9};

Parameter<dyn, dyn> weights() {
    Parameter<dyn, dyn> w{17, 9};
    fill_random(w, 1);
    return w;
}

/// The results of a kernel's products of x, w and y itself.
template <class Kernel>
struct Expected {
    Numbers y, dx, dw;

    Expected(Parameter<dyn, dyn> const& w, Tensor<float, dyn, dyn> const& x)
        : y(40 * 9),
          dx(40 * 17),
          dw(17 * 9) {
        Numbers scratch(static_cast<std::size_t>(Kernel::workspace(size)));
        Kernel::forward(serial, size, x.data(), w.span().data(), y.data(), scratch.data());
        Kernel::backward_input(serial, size, y.data(), w.span().data(), dx.data(), scratch.data());
        Kernel::backward_weight(serial, size, x.data(), y.data(), dw.data(), scratch.data());
    }
};

/// linear() on a tape against a kernel, its gradient being its result.
template <class Kernel>
bool computes_with(TapeOptions options) {
    auto const w = weights();
    auto const x = random_tensor<float>(Extents<dyn, dyn>(40, 17), 2);
    Expected<Kernel> const expected(w, x);
    Tape tape{serial, options};
    auto const input = tape.begin(x.view());
    auto const y = linear(input, w);
    tape.backward(y, View<float const, dyn>(expected.y.data(), Extents<dyn>(360)));
    Numbers const dw(w.gradient(), w.gradient() + 17 * 9);
    return same_bits(values_of(y), expected.y) && same_bits(gradient_of(input), expected.dx) &&
           same_bits(dw, expected.dw);
}

TEST_CASE("dense_products: a Tape rounds factors where its options say so") {
    CHECK(computes_with<Matmul<Serial<>>>({}));
    CHECK(computes_with<Bf16Matmul<Serial<>>>({.products = Products::bf16}));
    CHECK_FALSE(computes_with<Matmul<Serial<>>>({.products = Products::bf16}));
}

TEST_CASE("dense_products: contexts that do not ask, and double, are exact") {
    auto const w = weights();
    auto const x = random_tensor<float>(Extents<dyn, dyn>(40, 17), 2);
    Forward forward{serial};
    CHECK(same_bits(values_of(linear(forward.begin(x.view()), w)),
                    Expected<Matmul<Serial<>>>(w, x).y));
    Tape<Serial<>, double> tape{serial, {.products = Products::bf16}};
    CHECK(DenseProducts<Tape<Serial<>, double>>(tape).workspace(size) ==
          Matmul<Serial<>>::workspace(size));
}

}  // namespace
}  // namespace spikelet::test::dense_products_test
