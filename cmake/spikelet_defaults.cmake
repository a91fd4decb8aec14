# SPDX-License-Identifier: MIT
#
# Conveniences for a build of spikelet itself; a project that includes spikelet decides for itself.

get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, RelWithDebInfo or MinSizeRel" FORCE)
endif()

if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(SPIKELET_CCACHE ccache)
    mark_as_advanced(SPIKELET_CCACHE)
    if(SPIKELET_CCACHE)
        set(CMAKE_CXX_COMPILER_LAUNCHER "${SPIKELET_CCACHE}")
    endif()
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
