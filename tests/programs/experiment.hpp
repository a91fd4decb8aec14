// SPDX-License-Identifier: MIT
// Scripts of tools/, and small experiments for tools/reproduce.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "io/support.hpp"
#include "programs/shell.hpp"

namespace spikelet_test {

/// A script of tools/ with its arguments.
inline ShellOutcome tool(std::string const& words) {
    return run_in_shell(SPIKELET_SOURCE_DIR "/tools/" + words);
}

/// Pictures need it; says so where it is missing.
inline bool has_matplotlib() {
    bool const found = run_in_shell("/usr/bin/python3 -c 'import matplotlib'").code == 0;
    if (!found) { MESSAGE("skipped: there is no matplotlib"); }
    return found;
}

/// Runs Python code for which `tool` is the module that a script of tools/ is; the folder is
/// sys.argv[2].
inline ShellOutcome check_in_python(std::string const& script, std::string const& folder,
                                    std::string const& code) {
    write_file(folder + "/check.py", R"(
import importlib.machinery, importlib.util, pathlib, sys
loader = importlib.machinery.SourceFileLoader("tool", sys.argv[1])
tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("tool", loader))
sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(sys.argv[1]).parent))
loader.exec_module(tool)
here = pathlib.Path(sys.argv[2])
)" + code);
    return run_in_shell("/usr/bin/python3 '" + folder +
                        "/check.py' " SPIKELET_SOURCE_DIR "/tools/" + script + " '" + folder + "'");
}

inline std::string const built_spikegpt = SPIKELET_BINARY_DIR "/bin/spikegpt";

/// Small models on a small text, one seed.
struct SmallExperiment {
    TemporaryFolder folder;
    std::string model = " --layers 1 --embd 16 --ctx 16 --batch 2";
    std::string texts =
        " --data '" + (folder / "data.txt") + "' --valid '" + (folder / "valid.txt") + "'";
    std::string out = folder / "out";
    std::string environment;  ///< assignments in front of the command line

    SmallExperiment() {
        std::string text;
        for (int i = 0; i < 200; ++i) { text += "A spike came late, the neuron waits.\n"; }
        write_file(folder / "data.txt", text);
        write_file(folder / "valid.txt", text.substr(0, 500));
    }

    /// The experiment `events` with two kinds of models.
    [[nodiscard]] ShellOutcome reproduce(std::string const& more,
                                         std::string const& program = built_spikegpt) const {
        return experiment("events",
                          "--only spikegpt event_driven --event-costs 0.5 " + model + " " + more,
                          program);
    }

    [[nodiscard]] ShellOutcome experiment(std::string const& name, std::string const& more,
                                          std::string const& program = built_spikegpt) const {
        return run_in_shell(environment + " '" SPIKELET_SOURCE_DIR "/tools/reproduce' " + name +
                            " --seeds 1" + texts + " --out '" + out + "' --spikegpt '" + program +
                            "' " + more);
    }

    /// Every report says that it does not compare with what was published.
    void check_report(ShellOutcome const& done, std::string const& name,
                      std::vector<std::string> const& parts) const {
        CAPTURE(done.output);
        REQUIRE(done.code == 0);
        std::string const report = read_file(out + "/" + name);
        CAPTURE(report);
        CHECK(report.find("cannot be compared with published") != report.npos);
        CHECK(report.find("Not finished") == report.npos);
        for (auto const& part : parts) {
            CAPTURE(part);
            CHECK(report.find(part) != report.npos);
        }
    }

    void check_pictures(std::vector<std::string> const& names) const {
        for (auto const& name : names) {
            CAPTURE(name);
            CHECK(read_file(out + "/" + name)
                      .starts_with(name.ends_with("svg") ? "<svg" : "\x89PNG"));
        }
    }

    [[nodiscard]] std::string in_run(std::string const& name) const {
        return out + "/runs/" + name;
    }
};

}  // namespace spikelet_test
