// SPDX-License-Identifier: MIT
// Texts with labels, one a line: label<TAB>text. What stands in front of the first tab is the
// label, whatever it is; lines without anything are left out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/io/file.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// The lines of one file, which it keeps open.
class LabelledTexts {
public:
    /// Throws Error, naming the file and the line, if it cannot be read, has a line without a tab
    /// or a label that can be shown, or has no lines.
    explicit LabelledTexts(std::string const& path);

    /// Throws Error, naming the file, the line and the byte, unless all texts are valid UTF-8.
    void check_utf8() const;

    /// The different labels: whole numbers by their value, then others by their bytes.
    [[nodiscard]] std::vector<std::string> labels() const;

    /// The numbers of all lines' labels among these, which are different. Throws Error, naming file
    /// and line, for a label that is none of them.
    [[nodiscard]] std::vector<std::int32_t>
    numbers_of_labels(std::span<std::string const> labels) const;

    [[nodiscard]] std::vector<std::string_view> const& texts() const { return texts_; }
    [[nodiscard]] std::string const& path() const { return file_.path(); }

private:
    void add(std::string_view line, long number);

    sk::MappedFile file_;
    std::vector<std::string_view> labels_, texts_;  // of every line that counts
    std::vector<long> lines_;                       // where they stand in the file
};

}  // namespace spikegpt
