// SPDX-License-Identifier: MIT
#include "evaluation.hpp"

#include <numeric>

#include "output.hpp"

namespace spikegpt {

namespace {

sk::index predictable_ids(sk::Corpus const& text) {
    check_predictable("evaluation", text);
    return text.size() - 1;
}

}  // namespace

void check_predictable(std::string_view where, sk::Corpus const& text) {
    if (text.size() < 2) {
        sk::fail(where, text.name() + " has " + counted(text.size(), "id") +
                            ", at least 2 are needed to predict one");
    }
}

std::vector<Evaluator::Window> Evaluator::cut(sk::index predictable, Windows const& how) {
    sk::index const last = how.limit > 0 ? std::min(how.limit, predictable) : predictable;
    std::vector<Window> windows;
    for (sk::index first = 0, end = 0; end < last; first += how.stride) {
        sk::index const next = std::min(first + how.ctx, last);
        windows.push_back({first, next - first, next - end});
        end = next;
    }
    return windows;
}

Measurement Evaluator::in_windows(sk::Corpus const& text, Windows const& how, Watch const& watch) {
    auto const windows = cut(predictable_ids(text), how);
    sk::index const all = windows.back().first + windows.back().length;
    Measurement sum;
    counts_.reset();
    for (std::span<Window const> rest = windows; !rest.empty();) {
        // Only windows of one length fit into one batch; only the last can be shorter.
        auto const most = std::min(static_cast<std::size_t>(how.batch), rest.size());
        bool const alike = rest[most - 1].length == rest.front().length;
        auto const now = rest.first(alike || most == 1 ? most : most - 1);
        sum.nats += nats_of(text, now);
        for (Window const& w : now) { sum.tokens += w.counted; }
        rest = rest.subspan(now.size());
        if (watch) { watch(sum.tokens, all); }
    }
    return sum;
}

double Evaluator::nats_of(sk::Corpus const& text, std::span<Window const> windows) {
    sk::index const length = windows.front().length;
    batch_.input.resize(std::ssize(windows), length);
    batch_.target.resize(std::ssize(windows), length);
    for (sk::index b = 0; b < std::ssize(windows); ++b) {
        sk::index const first = windows[static_cast<std::size_t>(b)].first;
        text.copy(first, batch_.input.row(b));
        text.copy(first + 1, batch_.target.row(b));
    }
    auto const nats = predictor_->nats(batch_.input, batch_.target);
    double sum = 0.0;
    for (std::size_t b = 0; b < windows.size(); ++b) {
        auto const row =
            nats.subspan(b * static_cast<std::size_t>(length), static_cast<std::size_t>(length));
        auto const counted = row.last(static_cast<std::size_t>(windows[b].counted));
        sum = std::accumulate(counted.begin(), counted.end(), sum);
    }
    return sum;
}

Measurement Evaluator::in_one_stream(sk::Corpus const& text, sk::index chunk, Watch const& watch) {
    sk::index const all = predictable_ids(text);
    Measurement sum;
    counts_.reset();
    predictor_->reset();
    for (; sum.tokens < all; sum.tokens += batch_.input.time) {
        text.window(sum.tokens, chunk, batch_);
        auto const nats = predictor_->nats(batch_.input, batch_.target);
        sum.nats = std::accumulate(nats.begin(), nats.end(), sum.nats);
        if (watch) { watch(sum.tokens + batch_.input.time, all); }
    }
    return sum;
}

}  // namespace spikegpt
