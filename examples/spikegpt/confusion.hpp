// SPDX-License-Identifier: MIT
// What a classifier says of texts whose classes are known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/core/extents.hpp>

#include "json.hpp"

namespace spikegpt {

namespace sk = spikelet;

/// How often texts of one class were taken for another. It takes memory for the pairs of classes
/// that occurred: of many classes there are far more pairs than texts.
class Confusion {
public:
    explicit Confusion(std::span<std::string const> labels)
        : labels_(labels.begin(), labels.end()),
          of_(labels.size()),
          taken_for_(labels.size()) {}

    /// Counts a text of class `truth`.
    void add(std::int32_t truth, std::int32_t said) {
        auto const row = static_cast<std::size_t>(truth);
        auto const column = static_cast<std::size_t>(said);
        ++counts_[{row, column}];
        ++of_[row];
        ++taken_for_[column];
    }

    /// Texts of class `truth` that were taken for `said`.
    [[nodiscard]] sk::index count(std::size_t truth, std::size_t said) const {
        auto const found = counts_.find({truth, said});
        return found == counts_.end() ? 0 : found->second;
    }

    /// All texts.
    [[nodiscard]] sk::index total() const {
        return std::accumulate(of_.begin(), of_.end(), sk::index{0});
    }

    /// The share of texts whose class was said; 0 of none.
    [[nodiscard]] double accuracy() const {
        sk::index hits = 0;
        for (std::size_t i = 0; i < labels_.size(); ++i) { hits += count(i, i); }
        return static_cast<double>(hits) / static_cast<double>(std::max<sk::index>(total(), 1));
    }

    /// Of one class, 2 hits / (texts of it + texts taken for it); none where there are neither.
    [[nodiscard]] std::optional<double> f1(std::size_t label) const {
        sk::index const both = of_[label] + taken_for_[label];
        if (both == 0) { return std::nullopt; }
        return 2 * static_cast<double>(count(label, label)) / static_cast<double>(both);
    }

    /// The mean of f1 over the classes that have one; 0 of none.
    [[nodiscard]] double macro_f1() const {
        double sum = 0;
        sk::index classes = 0;
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            if (auto const of_class = f1(i)) {
                sum += *of_class;
                ++classes;
            }
        }
        return sum / static_cast<double>(std::max<sk::index>(classes, 1));
    }

    /// For people: a row for each true class, a column for each that was said, and each class's f1,
    /// - where it has none.
    [[nodiscard]] std::string table() const;
    /// Counts by row, as `table` has them: of all pairs, so for many classes it is large.
    [[nodiscard]] Json to_json() const;

private:
    std::vector<std::string> labels_;
    std::map<std::pair<std::size_t, std::size_t>, sk::index> counts_;  // by truth and said
    std::vector<sk::index> of_, taken_for_;                            // texts by class
};

}  // namespace spikegpt
