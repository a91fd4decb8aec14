// SPDX-License-Identifier: MIT
// A model that reads and writes, one id after another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/session_state.hpp>
#include <spikelet/io/vocabulary.hpp>
#include <spikelet/models/sampling.hpp>

#include "engine.hpp"

namespace spikegpt {

/// A larger window of recent ids makes no sense, be it asked for or in a state.
inline constexpr sk::index most_recent_ids = 10'000'000;

class Writer {
public:
    /// Ids are chosen by `sampling`, of which penalties count the last `window` ids; if none is
    /// given as many as in the state that is restored, or 64. The vocabulary must outlive the
    /// writer.
    Writer(sk::Vocabulary const& vocabulary, sk::SamplingOptions sampling,
           std::optional<sk::index> window, std::unique_ptr<Stream> stream)
        : vocabulary_(vocabulary),
          sampling_(std::move(sampling)),
          asked_window_(window),
          window_(window.value_or(64)),
          recent_(window_),
          stream_(std::move(stream)) {}

    /// Goes on from a state() of this model. Throws Error if its size or its window does not fit,
    /// or where it has forgotten ids that penalties should count.
    void restore(sk::SessionState const& state);

    /// Goes on with this text, or begins with a newline where there is nothing to go on from.
    void read(std::string_view text);

    /// From now on chance is that of this seed.
    void set_seed(std::uint64_t seed) { random_ = sk::Rng(seed); }

    /// The id that the stream has read once write() returns.
    [[nodiscard]] std::int32_t last_unread() const { return unread_.back(); }

    /// The bytes of a character that the text ends within, as ids of single bytes may; none where
    /// the window of recent ids does not reach its start.
    [[nodiscard]] std::string unfinished_character() const;

    /// The next id, which the stream reads only when it is asked for another. Throws Error.
    std::int32_t write();

    /// Everything that writing on needs. A long text is read for it, or only a part where a signal
    /// asks to stop; the rest is then among what is unread.
    sk::SessionState state();

private:
    /// Reads all that is unread but the last id, unless a signal asks to stop.
    void catch_up();

    sk::Vocabulary const& vocabulary_;
    sk::SamplingOptions sampling_;
    std::optional<sk::index> asked_window_;
    sk::index window_;
    sk::RecentIds recent_;
    sk::Rng random_{42};
    std::unique_ptr<Stream> stream_;
    std::vector<std::int32_t> unread_;
};

}  // namespace spikegpt
