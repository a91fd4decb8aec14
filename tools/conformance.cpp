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

namespace {

namespace fs = std::filesystem;

constexpr char const* usage =
    "usage: conformance [--threads N] [--double] [--dump DIR] CASE...\n"
    "\n"
    "CASE is the folder of a model (manifest.json, weights.safetensors, ...), a folder of\n"
    "operations, or one operation (ops/lif, ops/lif.json).\n"
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

// Operations of a folder, without the ends of their files' names, sorted.
std::set<fs::path> operations_in(fs::path const& folder) {
    std::set<fs::path> found;
    for (auto const& entry : fs::directory_iterator(folder)) {
        fs::path stem = entry.path();
        stem.replace_extension();
        if (entry.path().extension() == ".json" &&
            fs::exists(fs::path(stem).replace_extension(".safetensors"))) {
            found.insert(stem);
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
    if (fs::exists(path / "manifest.json") || fs::exists(path / "weights.safetensors")) {
        guarded(path.filename().string(), report,
                [&] { conformance::check_model(path, options, report); });
        return;
    }
    std::set<fs::path> stems;
    if (fs::is_directory(path)) {
        stems = operations_in(path);
    } else {
        fs::path const stem = path.extension() == ".json" ? path.parent_path() / path.stem() : path;
        if (fs::exists(stem.string() + ".json")) { stems.insert(stem); }
    }
    if (stems.empty()) {
        std::string const reason = fs::is_directory(path) ? "there is no case in this folder"
                                                          : "there is no such folder or operation";
        guarded(path.filename().string(), report,
                [&] { spikelet::fail(spikelet::quote(path.string()), reason); });
    }
    for (fs::path const& stem : stems) {
        guarded("ops/" + stem.filename().string(), report,
                [&] { conformance::check_operation(stem, options, report); });
    }
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
