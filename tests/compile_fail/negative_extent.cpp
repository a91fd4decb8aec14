// expect: Size: an extent is a number >= 0, or dyn
// SPDX-License-Identifier: MIT
#include <spikelet/core/extents.hpp>

spikelet::Size<-2> const size;
