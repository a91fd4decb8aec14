// SPDX-License-Identifier: MIT
//
// The version of the library (semantic versioning). CMake reads it from here.
#pragma once

/// Changes when code that used the library must change.
#define SPIKELET_VERSION_MAJOR 0
/// Changes when the library can do more; while the major version is 0, also when it breaks.
#define SPIKELET_VERSION_MINOR 1
/// Changes when something was mended.
#define SPIKELET_VERSION_PATCH 0
