// SPDX-License-Identifier: MIT
//
// Compiled where a BLAS is installed.
#include <spikelet/kernels/blas_matmul.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <kernels/matmul_support.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::blas_matmul_test {
namespace {

using kernels::MatmulSize;

TEST_CASE_TEMPLATE("blas: all three products equal the naive ones", T, float, double) {
    each_odd_size([](MatmulSize n) {
        compare_with_naive(DenseProducts<Blas<Serial<>>, T>{{}, n});
    });
}

TEST_CASE("blas: nothing is computed where an extent is zero, but zeros are") {
    for (MatmulSize const n : {MatmulSize{0, 3, 4}, MatmulSize{3, 4, 0}, MatmulSize{3, 0, 4}}) {
        auto const x = random_numbers<float>(n.rows * n.inputs, 1);
        auto const w = random_numbers<float>(n.inputs * n.outputs, 2);
        DenseProducts<Blas<Serial<>>, float> products{{}, n};
        auto const y = products.forward(x, w);
        auto const dx =
            products.first_backward_input(random_numbers<float>(n.rows * n.outputs, 3), w);
        for (auto const* result : {&y, &dx}) {
            CHECK(std::all_of(result->begin(), result->end(),
                              [](float number) { return number == 0; }));
        }
    }
}

/// Matrices without spikes, which another order of sums would flip.
struct DenseLm {
    Embedding<23, 16> embed;
    Linear<16, 32> hidden;
    Linear<32, 23> head;
    SPIKELET_PARTS(embed, hidden, head)

    constexpr auto operator()(auto ids) const { return head(relu2(hidden(embed(ids)))); }
};

TEST_CASE("blas: a model trains with it") {
    auto const tokens = random_tokens(2, 40, 23, 1);
    auto const targets = random_tokens(2, 40, 23, 2);
    auto const loss_of = [&](auto policy) {
        DenseLm model;
        Rng rng(3);
        init(model, rng);
        allocate(model, true);
        Tape tape(policy);
        auto const loss = cross_entropy(model(tape.begin(tokens)), targets);
        tape.backward(loss);
        double squares = 0;
        each_parameter(model, [&](std::string_view, auto const& p) {
            for (index i = 0; i < p.size(); ++i) {
                squares +=
                    static_cast<double>(p.gradient()[i]) * static_cast<double>(p.gradient()[i]);
            }
        });
        return std::pair(static_cast<double>(*loss.data), squares);
    };
    auto const [loss, squares] = loss_of(with_blas(openmp));
    auto const [own_loss, own_squares] = loss_of(serial);
    CHECK(loss == doctest::Approx(own_loss).epsilon(1e-5));
    CHECK(squares == doctest::Approx(own_squares).epsilon(1e-3));
}

}  // namespace
}  // namespace spikelet::test::blas_matmul_test
