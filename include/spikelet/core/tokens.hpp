// SPDX-License-Identifier: MIT
// Token ids on their way into a model: what an embedding reads and a cross entropy compares with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// Ids [batch, time], row-major.
struct Tokens {
    std::vector<std::int32_t> ids;  ///< all sequences, one after another
    index batch = 0;                ///< sequences
    index time = 0;                 ///< ids of each

    /// Sets the shape and makes room; takes memory only when the ids outgrow what is there. Throws
    /// Error for sizes that are negative or beyond counting.
    void resize(index new_batch, index new_time) {
        ids.resize(static_cast<std::size_t>(Extents<dyn, dyn>(new_batch, new_time).size()));
        batch = new_batch;
        time = new_time;
    }

    /// The ids of one sequence, [time].
    [[nodiscard]] std::span<std::int32_t> row(index b) { return {ids.data() + b * time, length()}; }
    [[nodiscard]] std::span<std::int32_t const> row(index b) const {
        return {ids.data() + b * time, length()};
    }

    friend bool operator==(Tokens const&, Tokens const&) = default;

private:
    [[nodiscard]] std::size_t length() const { return static_cast<std::size_t>(time); }
};

/// Throws Error unless there is a token, and as many of them as the shape says.
inline void check_tokens(char const* where, Tokens const& tokens) {
    auto const given = static_cast<index>(tokens.ids.size());
    if (tokens.batch < 1 || tokens.time < 1 || given % tokens.batch != 0 ||
        given / tokens.batch != tokens.time) {
        fail(where, std::to_string(given) + " ids given for tokens [" +
                        std::to_string(tokens.batch) + ", " + std::to_string(tokens.time) + "]");
    }
}

}  // namespace spikelet
