# SPDX-License-Identifier: MIT
#
# cmake -D COMPILER=... -D INCLUDES=... -D HEADER=... -P precompile.cmake
#
# Both compilers look for HEADER.gch when they are told to include HEADER.

include("${CMAKE_CURRENT_LIST_DIR}/flags.cmake")
execute_process(COMMAND ${compile} -x c++-header "${HEADER}" -o "${HEADER}.gch"
                COMMAND_ERROR_IS_FATAL ANY)
