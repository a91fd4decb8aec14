// SPDX-License-Identifier: MIT
// Compares what this library computes with reference values: whole models, trained and streamed,
// and single operations. tests/golden/README.md says where such values come from.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>

#include "conformance/cases.hpp"
#include "conformance/not_covered.hpp"

namespace {

namespace fs = std::filesystem;

constexpr char const* usage =
    "usage: conformance [--threads N] [--double] [--dump DIR] CASE...\n"
    "\n"
    "CASE is the folder of a model (manifest.json, weights.safetensors, ...), one operation\n"
    "(ops/lif, ops/lif.json), or a folder of such. What is there and nothing compares is a\n"
    "failure, unless conformance/not_covered.hpp lists it.\n"
    "\n"
    "  --threads N   threads to compute with, 1 if not given\n"
    "  --double      every case once more in double\n"
    "  --dump DIR    writes our own values of models, in files as the cases have them\n";

struct CommandLine {
    conformance::Options options;
    std::vector<fs::path> cases;
};

int parse_threads(std::string_view text) {
    int threads = 0;
    auto const end = text.data() + text.size();
    if (std::from_chars(text.data(), end, threads).ptr != end || threads < 1) {
        spikelet::fail("--threads", std::string(text) + " is not a number above 0");
    }
    return threads;
}

CommandLine parse(std::vector<std::string> const& words) {
    CommandLine line;
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto const value = [&] {
            if (i + 1 == words.size()) { spikelet::fail(words[i], "a value must follow"); }
            return words[++i];
        };
        if (words[i] == "--threads") {
            line.options.threads = parse_threads(value());
        } else if (words[i] == "--double") {
            line.options.with_double = true;
        } else if (words[i] == "--dump") {
            line.options.dump = value();
        } else if (words[i].starts_with("-")) {
            spikelet::fail(words[i], "no such option; --help lists them");
        } else {
            line.cases.emplace_back(words[i]);
        }
    }
    if (line.cases.empty()) { spikelet::fail("CASE", "none is given; see --help"); }
    return line;
}

// What a folder holds, sorted: folders, and operations without the ends of their files' names.
struct Contents {
    std::set<fs::path> folders, operations;
};

Contents contents_of(fs::path const& folder) {
    Contents found;
    for (auto const& entry : fs::directory_iterator(folder)) {
        fs::path const& path = entry.path();
        bool const of_python = path.filename() == "__pycache__";
        if (entry.is_directory() && !of_python) { found.folders.insert(path); }
        if (path.extension() == ".json" || path.extension() == ".safetensors") {
            found.operations.insert(path.parent_path() / path.stem());
        }
    }
    return found;
}

// Calls `check`, and reports what it throws.
template <class F>
void guarded(std::string const& name, conformance::Report& report, F&& check) {
    try {
        check();
    } catch (std::exception const& e) {
        report.end();
        report.begin(name);
        report.broken(e.what());
    }
}

void run_case(fs::path path, conformance::Options const& options, conformance::Report& report) {
    path = path.lexically_normal();
    if (!path.has_filename()) { path = path.parent_path(); }
    std::string const name = path.filename().string();
    if (!conformance::reason_to_leave_out(name).empty()) {
        report.begin(name);
        report.unchecked("all of it");
        report.end();
        return;
    }
    if (fs::exists(path / "manifest.json") || fs::exists(path / "weights.safetensors")) {
        guarded(name, report, [&] { conformance::check_model(path, options, report); });
        return;
    }
    Contents found;
    if (fs::is_directory(path)) {
        found = contents_of(path);
    } else {
        fs::path const stem = path.extension() == ".json" ? path.parent_path() / path.stem() : path;
        if (fs::exists(stem.string() + ".json")) { found.operations.insert(stem); }
    }
    if (found.operations.empty() && found.folders.empty()) {
        std::string const reason = fs::is_directory(path) ? "there is no case in this folder"
                                                          : "there is no such folder or operation";
        guarded(name, report, [&] { spikelet::fail(spikelet::quote(path.string()), reason); });
    }
    for (fs::path const& stem : found.operations) {
        guarded(conformance::name_of(stem), report,
                [&] { conformance::check_operation(stem, options, report); });
    }
    for (fs::path const& folder : found.folders) { run_case(folder, options, report); }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> const words(argv + 1, argv + argc);
    for (std::string const& word : words) {
        if (word == "--help" || word == "-h") {
            std::fputs(usage, stdout);
            return 0;
        }
    }
    try {
        CommandLine const line = parse(words);
        conformance::Report report;
        for (fs::path const& path : line.cases) { run_case(path, line.options, report); }
        return report.finish() ? 0 : 1;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "conformance: %s\n", e.what());
        return 2;
    }
}
