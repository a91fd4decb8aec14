// SPDX-License-Identifier: MIT
#include "confusion.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace spikegpt {

namespace {

// More classes than this have no table that anybody could read.
constexpr std::size_t most_columns = 20;

}  // namespace

std::string Confusion::table() const {
    bool const fits = labels_.size() <= most_columns;
    std::size_t width = 6;
    for (std::string const& label : labels_) { width = std::max(width, label.size() + 1); }
    std::string text = fmt::format("{:<{}}", fits ? "is\\said" : "is", width + 1);
    for (std::size_t j = 0; fits && j < labels_.size(); ++j) {
        text += fmt::format("{:>{}}", labels_[j], width);
    }
    text += fmt::format("{:>{}}\n", "F1", width + 1);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        text += fmt::format("{:<{}}", labels_[i], width + 1);
        for (std::size_t j = 0; fits && j < labels_.size(); ++j) {
            text += fmt::format("{:>{}}", count(i, j), width);
        }
        auto const of_class = f1(i);
        text +=
            fmt::format("{:>{}}\n", of_class ? fmt::format("{:.4f}", *of_class) : "-", width + 1);
    }
    return text;
}

Json Confusion::to_json() const {
    auto rows = Json::array();
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        auto row = Json::array();
        for (std::size_t j = 0; j < labels_.size(); ++j) { row.push_back(count(i, j)); }
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace spikegpt
