# SPDX-License-Identifier: MIT
#
# cmake -D AMALGAMATE=... -D PYTHON=... -D BINARY=... -D SOURCE=... -D COMPILER=... -D INCLUDES=...
#       -P amalgamate.cmake
#
# Writes the library and what reads checkpoints as one header, twice with the same bytes, compiles a
# program with nothing else of spikelet, and runs it. The same program runs with what a chip needs as
# one header, without exceptions and RTTI.
file(REMOVE_RECURSE "${BINARY}")
foreach(folder IN ITEMS first again)
    execute_process(
        COMMAND "${PYTHON}" "${AMALGAMATE}" --umbrella spikelet/spikelet.hpp --umbrella
                spikelet/io/checkpoint.hpp --out "${BINARY}/${folder}/spikelet/spikelet.hpp"
        COMMAND_ERROR_IS_FATAL ANY)
    file(SHA256 "${BINARY}/${folder}/spikelet/spikelet.hpp" hash_${folder})
endforeach()
if(NOT hash_first STREQUAL hash_again)
    message(FATAL_ERROR "the same headers were put together in two ways")
endif()
file(READ "${BINARY}/first/spikelet/spikelet.hpp" text)
if(NOT text MATCHES "save_checkpoint\\(")
    message(FATAL_ERROR "the second umbrella header is missing")
endif()
if(text MATCHES "#include <spikelet/" OR NOT text MATCHES "^// SPDX-License-Identifier: MIT\n")
    message(FATAL_ERROR "the header includes others of spikelet, or does not say its license")
endif()

execute_process(
    COMMAND "${PYTHON}" "${AMALGAMATE}" --umbrella spikelet/edge.hpp --out
            "${BINARY}/edge/spikelet/spikelet.hpp" COMMAND_ERROR_IS_FATAL ANY)

list(REMOVE_ITEM INCLUDES /usr/include)  # which has its own place among the compiler's
list(TRANSFORM INCLUDES PREPEND "-isystem")
set(first_flags "")
set(edge_flags -fno-exceptions -fno-rtti)
foreach(folder IN ITEMS first edge)
    execute_process(
        COMMAND "${COMPILER}" -std=c++20 -Wall -Wextra -Wpedantic -Werror ${${folder}_flags}
                "-I${BINARY}/${folder}" ${INCLUDES} "${SOURCE}" -o "${BINARY}/consumer_${folder}"
        COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND "${BINARY}/consumer_${folder}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
