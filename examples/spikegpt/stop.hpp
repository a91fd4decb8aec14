// SPDX-License-Identifier: MIT
// Ctrl-C, or a terminal that is closed, as a request: the command ends what it is doing, saves, and
// says goodbye. A second Ctrl-C, and no other signal, ends the program at once. A reader that goes
// away, as `head` does, is no reason to die before all is saved.
#pragma once

namespace spikegpt {

/// From now on SIGINT and SIGTERM are requests, and SIGHUP unless it is ignored; writing to a pipe
/// that nobody reads fails, and SIGPIPE is ignored.
void listen_for_stop();

/// The signal that asked to stop; 0 while none did.
int stop_signal();

/// The exit code that shells give a program that ended by this signal.
constexpr int exit_code_of(int signal) { return 128 + signal; }

/// Thrown where work cannot be left in any other way, once a signal has asked to stop.
struct Stopped {};

}  // namespace spikegpt
