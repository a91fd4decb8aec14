// SPDX-License-Identifier: MIT
#include "stop.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>

namespace spikegpt {

namespace {

// Some programs send one request twice, to a process and to its group; timeout(1) does.
constexpr std::int64_t nanoseconds_of_one_request = 300'000'000;

static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler must not lock");
std::atomic<int> received = 0;
std::atomic<std::int64_t> received_at = 0;

extern "C" void note_signal(int signal) {
    std::int64_t const now = std::chrono::steady_clock::now().time_since_epoch().count();
    std::int64_t first = 0;
    if (received_at.compare_exchange_strong(first, now)) {
        received = signal;
    } else if (signal == SIGINT && now - first > nanoseconds_of_one_request) {
        std::signal(signal, SIG_DFL);
        std::raise(signal);
    }
}

}  // namespace

void listen_for_stop() {
    // Under nohup(1) a terminal may close without a word, and jobs that a script has in the
    // background do not hear the Ctrl-C that is meant for it.
    for (int const signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction now {};
        ::sigaction(signal, nullptr, &now);
        if (now.sa_handler != SIG_IGN) { std::signal(signal, note_signal); }
    }
    std::signal(SIGPIPE, SIG_IGN);
}

int stop_signal() { return received; }

}  // namespace spikegpt
