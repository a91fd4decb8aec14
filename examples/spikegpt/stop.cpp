// SPDX-License-Identifier: MIT
#include "stop.hpp"

#include <csignal>

namespace spikegpt {

namespace {

std::sig_atomic_t volatile received = 0;

extern "C" void note_signal(int signal) {
    received = signal;
    std::signal(signal, SIG_DFL);
}

}  // namespace

void listen_for_stop() {
    std::signal(SIGINT, note_signal);
    std::signal(SIGTERM, note_signal);
}

int stop_signal() { return received; }

}  // namespace spikegpt
