# SPDX-License-Identifier: MIT
#
# cmake -D PREFIX=... -D BINARY=... -D SOURCE=... -D COMPILER=... -D VERSION=... -P pkg_config.cmake
#
# Moves an installation elsewhere, compiles a program with what pkg-config says there, and runs it.
find_program(PKG_CONFIG NAMES pkg-config pkgconf)
if(NOT PKG_CONFIG)
    message(STATUS "skipped: no pkg-config")
    return()
endif()
file(REMOVE_RECURSE "${BINARY}")
file(COPY "${PREFIX}/" DESTINATION "${BINARY}/a moved prefix")
set(ENV{PKG_CONFIG_PATH} "${BINARY}/a moved prefix/share/pkgconfig")

function(ask variable)
    execute_process(
        COMMAND "${PKG_CONFIG}" ${ARGN} spikelet
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set(${variable} "${answer}" PARENT_SCOPE)
endfunction()
ask(version --modversion)
if(NOT version STREQUAL VERSION)
    message(FATAL_ERROR "pkg-config says version ${version}, the library is ${VERSION}")
endif()
ask(flags --cflags --libs)
separate_arguments(flags UNIX_COMMAND "${flags}")
execute_process(
    COMMAND "${COMPILER}" -std=c++20 "${SOURCE}" ${flags} -o "${BINARY}/consumer"
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${BINARY}/consumer" COMMAND_ERROR_IS_FATAL ANY)
