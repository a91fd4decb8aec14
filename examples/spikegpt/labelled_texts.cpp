// SPDX-License-Identifier: MIT
#include "labelled_texts.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include <fmt/core.h>

#include <spikelet/core/quote.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikegpt {

namespace {

std::optional<long> whole_number(std::string_view text) {
    long value = 0;
    char const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && rest == end ? std::optional(value) : std::nullopt;
}

bool comes_before(std::string_view a, std::string_view b) {
    auto const left = whole_number(a);
    auto const right = whole_number(b);
    if (left && right && *left != *right) { return *left < *right; }
    if (left.has_value() != right.has_value()) { return left.has_value(); }
    return a < b;
}

// A label in a message; one of a wrong file may be very long.
std::string shown(std::string_view label) {
    constexpr std::size_t most = 40;
    return label.size() <= most ? sk::quote(label) : sk::quote(label.substr(0, most)) + "...";
}

}  // namespace

LabelledTexts::LabelledTexts(std::string const& path) : file_(path) {
    std::string_view rest = file_.text();
    if (constexpr std::string_view mark = "\xef\xbb\xbf"; rest.starts_with(mark)) {
        rest.remove_prefix(mark.size());  // some editors begin a file so
    }
    for (long number = 1; !rest.empty(); ++number) {
        std::size_t const end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.ends_with('\r')) { line.remove_suffix(1); }
        if (!line.empty()) { add(line, number); }
    }
    if (texts_.empty()) { sk::fail(sk::quote(path), "there are no lines label<TAB>text in it"); }
}

void LabelledTexts::add(std::string_view line, long number) {
    std::size_t const tab = line.find('\t');
    if (tab == line.npos || tab == 0) {
        sk::fail(fmt::format("{}:{}", sk::quote(path()), number),
                 fmt::format("expected label<TAB>text, found {}",
                             tab == 0 ? "no label" : shown(line) + ", without a tab"));
    }
    std::string_view const label = line.substr(0, tab);
    if (sk::valid_utf8_prefix(label) < label.size()) {
        sk::fail(fmt::format("{}:{}", sk::quote(path()), number),
                 fmt::format("its label of {} bytes is not valid UTF-8", label.size()));
    }
    if (sk::has_control_characters(label)) {
        sk::fail(fmt::format("{}:{}", sk::quote(path()), number),
                 fmt::format("its label {} has control characters", shown(label)));
    }
    labels_.push_back(label);
    texts_.push_back(line.substr(tab + 1));
    lines_.push_back(number);
}

void LabelledTexts::check_utf8() const {
    for (std::size_t i = 0; i < texts_.size(); ++i) {
        if (sk::valid_utf8_prefix(texts_[i]) == texts_[i].size()) { continue; }
        sk::check_utf8(fmt::format("{}:{}: its text", sk::quote(path()), lines_[i]), texts_[i]);
    }
}

std::vector<std::string> LabelledTexts::labels() const {
    std::vector<std::string_view> all = labels_;
    std::ranges::sort(all, comes_before);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return {all.begin(), all.end()};
}

std::vector<std::int32_t>
LabelledTexts::numbers_of_labels(std::span<std::string const> labels) const {
    std::unordered_map<std::string_view, std::int32_t> known;
    for (std::string const& label : labels) {
        known.emplace(label, static_cast<std::int32_t>(known.size()));
    }
    std::vector<std::int32_t> numbers;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        auto const found = known.find(labels_[i]);
        if (found == known.end()) {
            sk::fail(fmt::format("{}:{}", sk::quote(path()), lines_[i]),
                     fmt::format("the label {} is not one of the model's {}", shown(labels_[i]),
                                 labels.size()));
        }
        numbers.push_back(found->second);
    }
    return numbers;
}

}  // namespace spikegpt
