# SPDX-License-Identifier: MIT
#
# spikelet::xsimd is xsimd under one name: Debian's 8.1 exports the plain target `xsimd`, a newer
# one in the same tree is called `xsimd::xsimd`. One of the two must exist already. Only the headers
# are taken: Debian's target also asks to link `xtl`, which is neither installed nor needed.

if(NOT TARGET spikelet::xsimd)
    add_library(spikelet::xsimd INTERFACE IMPORTED)
    if(TARGET xsimd::xsimd)
        set(spikelet_xsimd_target xsimd::xsimd)
    else()
        set(spikelet_xsimd_target xsimd)
    endif()
    target_include_directories(
        spikelet::xsimd
        INTERFACE $<TARGET_PROPERTY:${spikelet_xsimd_target},INTERFACE_INCLUDE_DIRECTORIES>)
    unset(spikelet_xsimd_target)
endif()
