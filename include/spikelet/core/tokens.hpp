// SPDX-License-Identifier: MIT
// Token ids on their way into a model: what an embedding reads and a cross entropy compares with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// Ids [batch, time], row-major.
struct Tokens {
    std::vector<std::int32_t> ids;
    index batch = 0;
    index time = 0;

    /// Sets the shape and makes room; takes memory only when the ids outgrow what is there.
    void resize(index new_batch, index new_time) {
        batch = new_batch;
        time = new_time;
        ids.resize(static_cast<std::size_t>(batch * time));
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

}  // namespace spikelet
