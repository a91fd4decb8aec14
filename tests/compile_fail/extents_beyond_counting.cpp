// expect: Extents: the shape has more elements than can be counted
// SPDX-License-Identifier: MIT
#include <spikelet/core/extents.hpp>

spikelet::Extents<(spikelet::index{1} << 32), spikelet::dyn, (spikelet::index{1} << 32)> wrong;
