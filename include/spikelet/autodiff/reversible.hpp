// SPDX-License-Identifier: MIT
// A stream whose last tokens can be taken back.
//
// A model's state does not tell what it was before, so states are kept: for a depth of N tokens
// N + 1 of them, each of Footprint::state numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>

namespace spikelet {

/// A session of one stream, which must outlive it, that remembers its last tokens and what stood
/// before each. Between its calls nobody else feeds the session.
///
///     Session session{lm};
///     Reversible speak{session, 16};     // up to 16 tokens back
///     auto logits = speak.feed(prompt);
///     logits = speak(id);
///     logits = speak.roll_back(1);       // those after the prompt, bit for bit
template <class Session>
class Reversible {
    using T = typename Session::scalar;

public:
    /// Throws Error if `depth` is below 1 or the session has several streams.
    Reversible(Session& session, index depth) : session_(&session), depth_(depth) {
        if (depth < 1) {
            fail("reversible", "the depth is " + std::to_string(depth) + ", expected 1 or more");
        }
        if (session.footprint().batch != 1) {
            fail("reversible", "the session serves " + std::to_string(session.footprint().batch) +
                                   " streams, expected 1");
        }
    }

    /// Two of them would feed one session.
    Reversible(Reversible const&) = delete;
    Reversible& operator=(Reversible const&) = delete;

    /// Logits [vocabulary] after one token, valid until the next call. Throws Error as the session
    /// does; the token does not count then.
    std::span<T const> operator()(std::int32_t token) {
        auto const state = session_->state();
        Step step{{state.begin(), state.end()}, token};
        auto const logits = session_->feed({&token, 1});
        if (std::ssize(steps_) > depth_) { steps_.pop_front(); }
        steps_.push_back(std::move(step));
        return logits;
    }

    /// Logits after the last of any number (at least one) of tokens. The last depth + 1 are read
    /// one by one, those before them in the session's chunks. Throws Error for none, and as the
    /// session does; then tokens are read up to the bad one, or to the chunk that it is in. Of the
    /// former those that are kept can be taken back; after a bad chunk nothing can.
    std::span<T const> feed(std::span<std::int32_t const> tokens) {
        if (tokens.empty()) { fail("reversible", "there are no tokens to feed"); }
        auto const last = (std::min)(tokens.size(), static_cast<std::size_t>(depth_) + 1);
        auto const first = tokens.first(tokens.size() - last);
        std::span<T const> logits;
        if (!first.empty()) {
            steps_.clear();
            logits = session_->feed(first);
        }
        for (std::int32_t const token : tokens.last(last)) { logits = (*this)(token); }
        return logits;
    }

    /// How many tokens can be taken back now.
    [[nodiscard]] index reach() const { return std::max<index>(std::ssize(steps_) - 1, 0); }

    /// Takes the last `count` tokens back: the stream goes on as if they had never been read.
    /// Returns the logits after the token before them. Throws Error for more than reach(), fewer
    /// than none, or before the first token.
    std::span<T const> roll_back(index count) {
        if (count < 0 || count > reach()) {
            fail("reversible", std::to_string(count) + " tokens are to be taken back, of which " +
                                   std::to_string(reach()) + " are kept");
        }
        if (steps_.empty()) { fail("reversible", "no token has been read that could be kept"); }
        steps_.resize(steps_.size() - static_cast<std::size_t>(count));
        Step const last = std::move(steps_.back());
        steps_.pop_back();
        session_->restore(last.before);
        return (*this)(last.token);
    }

    /// Forgets everything, as the session does.
    void reset() {
        steps_.clear();
        session_->reset();
    }

private:
    struct Step {
        std::vector<T> before;  // empty at rest
        std::int32_t token;
    };

    Session* session_;
    index depth_;
    std::deque<Step> steps_;
};

}  // namespace spikelet
