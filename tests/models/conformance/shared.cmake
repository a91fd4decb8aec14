# SPDX-License-Identifier: MIT
#
# Compares with the larger golden data, which are not part of the repository:
# cmake -D PROGRAM=conformance -D THREADS=2 -D SHARED=folder -P shared.cmake
# EMULATOR, if it is given, runs the program. The environment variable SPIKELET_SHARED names another
# folder.

if(DEFINED ENV{SPIKELET_SHARED})
    set(SHARED "$ENV{SPIKELET_SHARED}")
endif()

if(NOT EXISTS "${SHARED}/golden")
    message("skipped: there are no golden data in ${SHARED}")
    return()
endif()

execute_process(
    COMMAND ${EMULATOR} "${PROGRAM}" --double --threads "${THREADS}" "${SHARED}/golden"
    RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "conformance ended with ${result}")
endif()
