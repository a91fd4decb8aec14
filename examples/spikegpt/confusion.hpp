// SPDX-License-Identifier: MIT
// What a classifier says of texts whose classes are known.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <spikelet/core/extents.hpp>

#include "json.hpp"

namespace spikegpt {

namespace sk = spikelet;

/// How often texts of one class were taken for another.
class Confusion {
public:
    explicit Confusion(std::span<std::string const> labels);

    /// Counts a text of class `truth`.
    void add(std::int32_t truth, std::int32_t said);

    /// Texts of class `truth` that were taken for `said`.
    [[nodiscard]] sk::index count(std::size_t truth, std::size_t said) const;
    /// All texts.
    [[nodiscard]] sk::index total() const;
    /// The share of texts whose class was said; 0 of none.
    [[nodiscard]] double accuracy() const;
    /// Of one class, 2 hits / (texts of it + texts taken for it); 0 where there are neither.
    [[nodiscard]] double f1(std::size_t label) const;
    /// The mean of f1 over the classes.
    [[nodiscard]] double macro_f1() const;

    /// For people: a row for each true class, a column for each that was said, and each class's f1.
    [[nodiscard]] std::string table() const;
    /// Counts by row, as `table` has them.
    [[nodiscard]] Json to_json() const;

private:
    std::vector<std::string> labels_;
    std::vector<sk::index> counts_;  // [truth, said]
};

}  // namespace spikegpt
