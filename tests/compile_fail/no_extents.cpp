// expect: Extents: a shape has at least one extent
// SPDX-License-Identifier: MIT
#include <spikelet/core/extents.hpp>

spikelet::Extents<> const shape;
