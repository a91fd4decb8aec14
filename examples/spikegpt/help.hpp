// SPDX-License-Identifier: MIT
// How --help looks: one short line per flag, with what it may be and what it is by default.
#pragma once

#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace spikegpt {

class HelpFormatter : public CLI::Formatter {
public:
    HelpFormatter() { column_width(26); }

    /// What stands for the value of a flag: "N" of CLI11's "INT:choices"; nothing if it has none.
    static std::string value_name(CLI::Option const& flag) {
        if (flag.get_type_size() == 0) { return ""; }
        std::string const type = flag.get_type_name();
        std::string const kind = type.substr(0, type.find(':'));
        if (kind == "INT") { return "N"; }
        if (kind == "FLOAT") { return "X"; }
        return type == kind ? kind : "NAME";
    }

    // "--embd N" of CLI11's "--embd INT:choices=128 REQUIRED Excludes: ...".
    std::string make_option_opts(CLI::Option const* flag) const override {
        std::string const value = value_name(*flag);
        return value.empty() ? "" : " " + value;
    }

    std::string make_option_desc(CLI::Option const* flag) const override {
        std::string const type = flag->get_type_name();
        std::string text = flag->get_description();
        std::string notes;
        if (std::size_t const colon = type.find(':'); colon != type.npos) {
            notes = type.substr(colon + 1);
        }
        if (flag->get_required()) { notes = "required"; }
        if (std::string const value = flag->get_default_str(); !value.empty()) {
            notes += (notes.empty() ? "default " : "; default ") + value;
        }
        if (notes.empty()) { return text; }
        bool const fits = text.size() + notes.size() < 70;
        return text + (fits ? " (" : "\n(") + notes + ")";
    }
};

}  // namespace spikegpt
