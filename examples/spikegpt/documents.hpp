// SPDX-License-Identifier: MIT
// Documents in files: each file of text is one; each line of a .jsonl file is one, an object with a
// text under some key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/json.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// Files of documents, mapped.
class Documents {
public:
    /// `field` is the key in lines of JSON. Throws Error if a file cannot be read.
    Documents(std::vector<std::string> const& paths, std::string field) : field_(std::move(field)) {
        for (std::string const& path : paths) { files_.emplace_back(path); }
    }

    /// Whether each line of this file is a document.
    static bool is_in_lines(std::string_view path) { return path.ends_with(".jsonl"); }

    /// Number of bytes in all files.
    [[nodiscard]] sk::index bytes() const {
        sk::index sum = 0;
        for (auto const& file : files_) { sum += std::ssize(file.bytes()); }
        return sum;
    }

    /// Calls f(text, bytes before it in the files) for each document. Throws Error, naming file and
    /// line, for lines that have no text.
    template <class F>
    void for_each(F&& f) const {
        sk::index before = 0;
        for (auto const& file : files_) {
            if (is_in_lines(file.path())) {
                for_each_line(file, before, f);
            } else {
                f(file.text(), before);
            }
            before += std::ssize(file.bytes());
        }
    }

private:
    template <class F>
    void for_each_line(sk::MappedFile const& file, sk::index before, F&& f) const {
        std::string_view rest = file.text();
        for (sk::index number = 1; !rest.empty(); ++number) {
            std::string_view const line = rest.substr(0, rest.find('\n'));
            sk::index const offset = std::ssize(file.text()) - std::ssize(rest);
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            if (line.find_first_not_of(" \t\r") == line.npos) { continue; }
            f(std::string_view(text_of(line, file, number)), before + offset);
        }
    }

    [[nodiscard]] std::string text_of(std::string_view line, sk::MappedFile const& file,
                                      sk::index number) const {
        std::string const where = sk::quote(file.path()) + ": line " + std::to_string(number);
        auto const json = sk::parse_json(where, line);
        auto const found = json.is_object() ? json.find(field_) : json.end();
        if (found == json.end() || !found->is_string()) {
            sk::fail(sk::quote(file.path()), "line " + std::to_string(number) +
                                                 " is no JSON object with a text " +
                                                 sk::quote(field_));
        }
        return found->get<std::string>();
    }

    std::vector<sk::MappedFile> files_;
    std::string field_;
};

}  // namespace spikegpt
