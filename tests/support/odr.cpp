// SPDX-License-Identifier: MIT
//
// Linked into every test program: a function that a header defines without `inline` is then
// defined twice and the program does not link. The second include must change nothing.
#include <spikelet/spikelet.hpp>

#include <spikelet/spikelet.hpp>
