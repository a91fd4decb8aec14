// SPDX-License-Identifier: MIT
#include "confusion.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/core.h>

namespace spikegpt {

namespace {

// More classes than this have no table that anybody could read.
constexpr std::size_t most_columns = 20;

}  // namespace

Confusion::Confusion(std::span<std::string const> labels)
    : labels_(labels.begin(), labels.end()),
      counts_(labels.size() * labels.size()) {}

void Confusion::add(std::int32_t truth, std::int32_t said) {
    ++counts_[static_cast<std::size_t>(truth) * labels_.size() + static_cast<std::size_t>(said)];
}

sk::index Confusion::count(std::size_t truth, std::size_t said) const {
    return counts_[truth * labels_.size() + said];
}

sk::index Confusion::total() const {
    return std::accumulate(counts_.begin(), counts_.end(), sk::index{0});
}

double Confusion::accuracy() const {
    sk::index hits = 0;
    for (std::size_t i = 0; i < labels_.size(); ++i) { hits += count(i, i); }
    return static_cast<double>(hits) / static_cast<double>(std::max<sk::index>(total(), 1));
}

double Confusion::f1(std::size_t label) const {
    sk::index of_it = 0;
    sk::index taken_for_it = 0;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        of_it += count(label, i);
        taken_for_it += count(i, label);
    }
    auto const both = static_cast<double>(std::max<sk::index>(of_it + taken_for_it, 1));
    return 2 * static_cast<double>(count(label, label)) / both;
}

double Confusion::macro_f1() const {
    double sum = 0;
    for (std::size_t i = 0; i < labels_.size(); ++i) { sum += f1(i); }
    return sum / static_cast<double>(labels_.size());
}

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
        text += fmt::format("{:>{}.4f}\n", f1(i), width + 1);
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
