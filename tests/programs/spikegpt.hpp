// SPDX-License-Identifier: MIT
// Runs the program spikegpt as a person would, and looks at all that comes of it.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "io/support.hpp"

extern char** environ;

namespace spikelet_test {

using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments a, Arguments const& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// How a program ended, and what it said.
struct Outcome {
    int code;  ///< as a shell gives it: 128 + signal if one ended it
    std::string out;
    std::string err;

    /// The object in the last line of standard output.
    [[nodiscard]] nlohmann::json json() const {
        std::string const text = out.substr(0, out.size() - (out.ends_with('\n') ? 1 : 0));
        std::size_t const line = text.rfind('\n');
        return nlohmann::json::parse(line == text.npos ? text : text.substr(line + 1));
    }

    /// True if standard output has this text.
    [[nodiscard]] bool says(std::string_view text) const {
        return out.find(text) != std::string::npos;
    }

    /// True if standard error has this text.
    [[nodiscard]] bool complains(std::string_view text) const {
        return err.find(text) != std::string::npos;
    }
};

/// The program while it runs.
class Spikegpt {
public:
    /// What it writes goes to files, or to these. It is started with one signal ignored, or none,
    /// whatever tests that run in the background of a script do not hear.
    explicit Spikegpt(Arguments arguments, std::string error_file = "",
                      std::string output_file = "", std::string const& input = "/dev/null",
                      int ignored = 0) {
        if (error_file.empty()) { error_file = folder_ / "err"; }
        if (output_file.empty()) { output_file = folder_ / "out"; }
        std::string program = SPIKELET_BINARY_DIR "/bin/spikegpt";
        std::vector<char*> words{program.data()};
        for (std::string& argument : arguments) { words.push_back(argument.data()); }
        words.push_back(nullptr);
        ::setenv("OMP_WAIT_POLICY", "passive", 1);

        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
        ::posix_spawn_file_actions_addopen(&files, 0, input.c_str(), O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&files, 1, output_file.c_str(), flags, 0600);
        ::posix_spawn_file_actions_addopen(&files, 2, error_file.c_str(), flags, 0600);
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        sigset_t heard;
        ::sigemptyset(&heard);
        for (int const signal : {SIGINT, SIGTERM, SIGHUP}) {
            if (signal != ignored) { ::sigaddset(&heard, signal); }
        }
        ::posix_spawnattr_setsigdefault(&attributes, &heard);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        auto* const before = ignored != 0 ? std::signal(ignored, SIG_IGN) : SIG_DFL;
        int const error =
            ::posix_spawn(&process_, words[0], &files, &attributes, words.data(), environ);
        if (ignored != 0) { std::signal(ignored, before); }
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&files);
        REQUIRE_MESSAGE(error == 0, "cannot start ", words[0]);
    }

    void send(int signal) const { ::kill(process_, signal); }

    [[nodiscard]] bool running() const {
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT);
        return info.si_pid == 0;
    }

    /// Waits until Ctrl-C is a request to it; false if it ends before, or after a minute.
    [[nodiscard]] bool heeds_stop() const {
        std::string const file = "/proc/" + std::to_string(process_) + "/status";
        for (int i = 0; i < 6000 && running(); ++i) {
            std::string const status = read_file(file);
            std::size_t const caught = status.find("SigCgt:\t");
            if (caught != status.npos &&
                (std::stoull(status.substr(caught + 8), nullptr, 16) >> (SIGINT - 1) & 1) != 0) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }

    Outcome wait() {
        int status = 0;
        REQUIRE(::waitpid(process_, &status, 0) == process_);
        int const code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return {code, read_file(folder_ / "out"), read_file(folder_ / "err")};
    }

private:
    TemporaryFolder folder_;
    pid_t process_ = 0;
};

/// A pipe that programs can open for writing, with a reader that may go away.
class Pipe {
public:
    Pipe() {
        REQUIRE(::mkfifo(path().c_str(), 0600) == 0);
        reader_ = ::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        REQUIRE(reader_ >= 0);
    }
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;
    ~Pipe() { close(); }

    [[nodiscard]] std::string path() const { return folder_ / "pipe"; }

    /// From now on nobody reads it.
    void close() {
        if (reader_ >= 0) { ::close(reader_); }
        reader_ = -1;
    }

private:
    TemporaryFolder folder_;
    int reader_ = -1;
};

inline Outcome spikegpt(Arguments const& arguments) { return Spikegpt(arguments).wait(); }

/// Waits until a file has this many lines; false after a minute without them.
inline bool wait_for_lines(std::string const& path, std::ptrdiff_t lines) {
    for (int i = 0; i < 6000; ++i) {
        std::string const text = read_file(path);
        if (std::count(text.begin(), text.end(), '\n') >= lines) { return true; }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

/// Text that a small model learns a little of, with letters beyond ASCII.
inline std::string sample_text(int sentences = 150) {
    std::string text;
    for (int i = 0; i < sentences; ++i) {
        text += i % 3 == 0 ? "The neuron waits, " : "A spike came late, ";
        text += i % 5 == 0 ? "naïve as ever.\n" : "and the layer fired.\n";
    }
    return text;
}

/// A small model that takes milliseconds a step.
inline Arguments const tiny{"--layers", "2",    "--embd",   "16", "--ctx",     "16", "--batch", "2",
                            "--lr",     "0.01", "--warmup", "2",  "--threads", "1"};

/// Cells of a metrics.csv by line and column.
inline std::vector<std::vector<std::string>> read_csv(std::string const& path) {
    std::vector<std::vector<std::string>> rows;
    std::string const text = read_file(path);
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const end = text.find('\n', at);
        REQUIRE(end != text.npos);
        auto& row = rows.emplace_back();
        while (at <= end) {
            std::size_t const cell = std::min(text.find(',', at), end);
            row.push_back(text.substr(at, cell - at));
            at = cell + 1;
        }
    }
    return rows;
}

/// A folder with a text and a model that was trained on it, made once for all tests of a program.
struct Trained {
    TemporaryFolder folder;
    std::string text = folder / "text.txt";
    std::string run = folder / "run";
    std::string model = run + "/model.safetensors";

    explicit Trained(std::string const& vocabulary) {
        write_file(text, sample_text());
        auto const done = spikegpt(Arguments{"train", "--data", text, "--out", run, "--vocab",
                                             vocabulary, "--steps", "40"} +
                                   tiny);
        REQUIRE_MESSAGE(done.code == 0, done.err);
    }
};

inline Trained const& trained_on_bytes() {
    static Trained const trained("byte");
    return trained;
}
inline Trained const& trained_on_characters() {
    static Trained const trained("char");
    return trained;
}

}  // namespace spikelet_test
