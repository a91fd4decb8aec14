// SPDX-License-Identifier: MIT
#include <spikelet/ops/cross_entropy.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/values.hpp>

namespace spikelet::test::cross_entropy_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 3, 7);

Tokens const targets{.ids = {0, 6, 3, ignored_target, 1, 1}, .batch = 2, .time = 3};

/// The naive nats of each position.
std::vector<double> naive_nats(Tensor<double, dyn, dyn, dyn> const& logits) {
    std::vector<double> const z(logits.span().begin(), logits.span().end());
    std::vector<double> nats;
    for (index r = 0; r < 6; ++r) {
        auto const id = targets.ids[static_cast<std::size_t>(r)];
        auto const p = reference::softmax(reference::row(z, r, 7));
        nats.push_back(id == ignored_target ? 0 : -std::log(p[static_cast<std::size_t>(id)]));
    }
    return nats;
}

TEST_CASE("cross_entropy: the mean over the targets that count") {
    auto const logits = random_tensor<double>(shape, 1);
    Tape<Serial<>, double> tape;
    auto const loss = cross_entropy(tape.begin(logits.view()), targets);
    CHECK(loss.extents.size() == 1);
    CHECK(*loss.data == doctest::Approx(reference::mean(naive_nats(logits)) * 6 / 5));
}

TEST_CASE("cross_entropy: backward equals finite differences") {
    auto const logits = random_tensor<double>(shape, 1);
    auto const report = gradcheck([](auto z) { return cross_entropy(z, targets); }, logits);
    CHECK_MESSAGE(report.passed(), to_string(report));
}

TEST_CASE("cross_entropy: L2Wrap adds to the gradient and leaves the value alone") {
    auto const logits = random_tensor<double>(shape, 1);
    auto const run = [&](bool wrap) {
        Tape<Serial<>, double> tape;
        auto const z = tape.begin(logits.view());
        auto const loss = cross_entropy(z, targets, {.l2_wrap = wrap});
        tape.backward(loss);
        return std::pair(*loss.data, gradient_of(z));
    };
    auto const [plain, g] = run(false);
    auto const [wrapped, h] = run(true);
    CHECK(plain == wrapped);
    int changed = 0;
    for (std::size_t i = 0; i < g.size(); ++i) { changed += g[i] != h[i] ? 1 : 0; }
    CHECK(changed == 6);  // the ignored one, too
}

TEST_CASE("token_nats: the nats of each position, zero where the target is ignored") {
    auto const logits = random_tensor<double>(shape, 1);
    Forward<Serial<>, double> forward;
    auto const nats = token_nats(forward.begin(logits.view()), targets);
    CHECK(roundings(nats, std::span<double const>(naive_nats(logits))) < 16);
    CHECK(nats[3] == 0);
}

TEST_CASE("cross_entropy: targets that do not fit are an error") {
    auto const logits = random_tensor<float>(shape, 1);
    Forward forward;
    auto const z = forward.begin(logits.view());
    auto const loss = [&](std::vector<std::int32_t> ids) {
        return *cross_entropy(z, {.ids = std::move(ids), .batch = 2, .time = 3}).data;
    };
    CHECK_NOTHROW((void)loss({0, 1, 2, 3, 4, 6}));
    CHECK_THROWS_WITH_AS((void)loss({0, 1, 2, 3, 4, 7}),
                         "cross_entropy: target 7 is outside the vocabulary of 7", Error);
    CHECK_THROWS_AS((void)loss({0, 1, 2, 3, 4, -1}), Error);
    CHECK_THROWS_AS((void)loss({0, 1, 2, 3, 4}), Error);
    Tokens const five{.ids = {0, 1, 2, 3, 4}, .batch = 1, .time = 5};
    CHECK_THROWS_WITH_AS((void)cross_entropy(z, five),
                         "cross_entropy: targets [1, 5] for logits [2, 3, 7]", Error);
    CHECK_THROWS_AS((void)token_nats(z, five), Error);
}

TEST_CASE("cross_entropy: targets of another order than the logits are an error") {
    auto const logits = random_tensor<float>(shape, 1);
    Forward forward;
    auto const z = forward.begin(logits.view());
    for (auto const& [batch, time] : {std::pair{3, 2}, {1, 6}, {6, 1}}) {
        Tokens const other{.ids = targets.ids, .batch = batch, .time = time};
        CHECK_THROWS_AS((void)cross_entropy(z, other), Error);
        CHECK_THROWS_AS((void)token_nats(z, other), Error);
    }
    // Logits without batch and time are rows in the order of the targets.
    auto const rows = random_tensor<float>(Extents<dyn, dyn>(6, 7), 1);
    CHECK_NOTHROW((void)cross_entropy(forward.begin(rows.view()), targets));
}

}  // namespace
}  // namespace spikelet::test::cross_entropy_test
