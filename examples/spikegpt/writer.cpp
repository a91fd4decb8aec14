// SPDX-License-Identifier: MIT
#include "writer.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include <spikelet/io/utf8.hpp>

#include "stop.hpp"

namespace spikegpt {

namespace {

// Between so many ids of a prompt a signal is heard: a fraction of a second.
constexpr std::size_t read_at_once = 256;

}  // namespace

void Writer::restore(sk::SessionState const& state) {
    if (state.window < 1 || state.window > most_recent_ids) {
        sk::fail("--state-in", "the state's window of recent ids is " +
                                   std::to_string(state.window) + ", expected 1 to " +
                                   std::to_string(most_recent_ids));
    }
    stream_->restore(state.numbers);
    unread_ = state.unread;
    random_ = sk::Rng(state.random);
    bool const whole = std::ssize(state.recent) < state.window;
    if (!whole && asked_window_.value_or(0) > state.window) {
        sk::fail("--penalty-window", "the state keeps no more than " +
                                         std::to_string(state.window) + " recent ids, not " +
                                         std::to_string(*asked_window_) +
                                         "; give this flag already where the text begins");
    }
    window_ = asked_window_.value_or(state.window);
    recent_ = sk::RecentIds(window_);
    recent_.push(state.recent);
}

void Writer::read(std::string_view text) {
    auto ids = vocabulary_.encode(text);
    if (ids.empty() && unread_.empty()) { ids = vocabulary_.encode("\n"); }
    unread_.insert(unread_.end(), ids.begin(), ids.end());
    recent_.push(ids);
}

std::string Writer::unfinished_character() const {
    auto const ids = recent_.ids();
    std::string const end = vocabulary_.decode(ids.last(std::min<std::size_t>(ids.size(), 4)));
    return end.substr(end.size() - sk::unfinished_utf8_suffix(end));
}

std::int32_t Writer::write() {
    unread_ = {sk::sample(stream_->feed(unread_), random_, sampling_, recent_)};
    recent_.push(unread_.front());
    return unread_.front();
}

void Writer::catch_up() {
    std::size_t done = 0;
    while (unread_.size() - done > 1 && stop_signal() == 0) {
        std::size_t const next = std::min(read_at_once, unread_.size() - done - 1);
        stream_->feed(std::span(unread_).subspan(done, next));
        done += next;
    }
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(done));
}

sk::SessionState Writer::state() {
    catch_up();
    auto const numbers = stream_->state();
    auto const recent = recent_.ids();
    return {{numbers.begin(), numbers.end()},
            unread_,
            random_.state(),
            {recent.begin(), recent.end()},
            window_};
}

}  // namespace spikegpt
