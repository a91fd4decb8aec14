# SPDX-License-Identifier: MIT
#
# cmake -D BINARY=... -D PREFIX=... [-D HEADERS=...] -P install.cmake
#
# Installs what was configured in BINARY into an empty folder. With HEADERS every header of that
# folder must have come along.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BINARY}" --prefix "${PREFIX}"
                COMMAND_ERROR_IS_FATAL ANY)
if(HEADERS)
    file(GLOB_RECURSE missing RELATIVE "${HEADERS}" "${HEADERS}/*.hpp")
    file(GLOB_RECURSE installed RELATIVE "${PREFIX}/include" "${PREFIX}/include/*.hpp")
    list(REMOVE_ITEM missing ${installed})
    if(missing)
        message(FATAL_ERROR "not installed: ${missing}")
    endif()
endif()
