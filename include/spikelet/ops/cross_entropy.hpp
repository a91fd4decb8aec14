// SPDX-License-Identifier: MIT
// The loss of language models.
#pragma once

#include <spikelet/core/tokens.hpp>
#include <spikelet/kernels/cross_entropy.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// What beside the cross entropy itself.
struct CrossEntropyOptions {
    /// Pull the largest logit of each row towards zero (RWKV's L2Wrap): gradient only, for ignored
    /// targets, too, and the same for any gradient of the loss, so that k accumulated batches pull
    /// k times as much.
    bool l2_wrap = false;
};

namespace detail {

/// Whether there is a target for each row: one by one, and where the logits have batch and time, in
/// the same order.
template <class E>
bool fits(Tokens const& targets, E const& logits) {
    if constexpr (E::rank == 3) {
        return targets.batch == logits[0] && targets.time == logits[1];
    } else {
        return targets.batch * targets.time == logits.rows();
    }
}

/// The ids as a value of the context. Throws Error if sizes or ids do not fit the logits.
template <class Ctx, class T, class E>
auto checked_targets(Var<Ctx, T, E> logits, Tokens const& targets) {
    index const rows = logits.extents.rows();
    check_tokens("cross_entropy", targets);
    if (!fits(targets, logits.extents)) {
        fail("cross_entropy", "targets " +
                                  to_string(Extents<dyn, dyn>(targets.batch, targets.time)) +
                                  " for logits " + to_string(logits.extents));
    }
    auto ids = logits.ctx->template constant<std::int32_t>(Extents<dyn>(rows));
    for (index r = 0; r < rows; ++r) {
        std::int32_t const id = targets.ids[static_cast<std::size_t>(r)];
        if (id != ignored_target && (id < 0 || id >= last_extent(logits))) {
            fail("cross_entropy", "target " + std::to_string(id) +
                                      " is outside the vocabulary of " +
                                      std::to_string(last_extent(logits)));
        }
        ids.data[r] = id;
    }
    return ids;
}

}  // namespace detail

/// Mean cross entropy in nats of logits [batch, time, vocabulary] against targets [batch, time];
/// targets of `ignored_target` do not count. The loss is a value of shape [1]. Throws Error if
/// sizes or ids do not fit. docs/numerics.md, section "Loss and optimiser".
template <class Ctx, class T, class E>
auto cross_entropy(Var<Ctx, T, E> scores, Tokens const& targets, CrossEntropyOptions options = {}) {
    using Scalar = typename Ctx::scalar;
    auto const logits = checked_numbers(scores);
    using CrossEntropy = kernels::CrossEntropy<decltype(logits.ctx->policy())>;
    index const rows = logits.extents.rows();
    index const V = last_extent(logits);
    auto const ids = detail::checked_targets(logits, targets);
    auto loss = logits.ctx->template make<Scalar>(Extents<1>{});
    auto nats = logits.ctx->template constant<double>(Extents<dyn>(rows));
    auto log_sum = logits.ctx->template constant<Scalar>(Extents<dyn>(2 * rows));
    logits.ctx->run([&] {
        *loss.data = static_cast<Scalar>(CrossEntropy::forward(
            logits.ctx->policy(), rows, V, logits.data, ids.data, nats.data, log_sum.data));
    });
    logits.ctx->record(
        [=] {
            CrossEntropy::backward(logits.ctx->policy(), rows, V, logits.data, ids.data,
                                   log_sum.data, *loss.gradient.numbers(), options.l2_wrap,
                                   logits.gradient.sum());
        },
        loss);
    return loss;
}

/// Nats of each position, [batch * time], 0 where the target is ignored; valid as long as the
/// logits are. Throws Error if sizes or ids do not fit.
template <class Ctx, class T, class E>
std::span<double const> token_nats(Var<Ctx, T, E> scores, Tokens const& targets) {
    auto const logits = checked_numbers(scores);
    using CrossEntropy = kernels::CrossEntropy<decltype(logits.ctx->policy())>;
    index const rows = logits.extents.rows();
    auto const ids = detail::checked_targets(logits, targets);
    auto nats = logits.ctx->template constant<double>(Extents<dyn>(rows));
    auto log_sum = logits.ctx->template constant<typename Ctx::scalar>(Extents<dyn>(2 * rows));
    CrossEntropy::forward(logits.ctx->policy(), rows, last_extent(logits), logits.data, ids.data,
                          nats.data, log_sum.data);
    return {nats.data, static_cast<std::size_t>(rows)};
}

}  // namespace spikelet
