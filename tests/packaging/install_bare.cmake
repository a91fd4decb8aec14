# SPDX-License-Identifier: MIT
#
# cmake -D SOURCE=... -D BINARY=... -D PREFIX=... -D COMPILER=... -P install_bare.cmake
#
# Installs spikelet as on a machine without nlohmann_json.
foreach(step IN ITEMS configure install)
    if(step STREQUAL configure)
        set(command -S "${SOURCE}" -B "${BINARY}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
                    -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON)
        foreach(programs IN ITEMS TESTS EXAMPLES TOOLS BENCH)
            list(APPEND command -DSPIKELET_${programs}=OFF)
        endforeach()
    else()
        set(command --install "${BINARY}" --prefix "${PREFIX}")
    endif()
    execute_process(COMMAND "${CMAKE_COMMAND}" ${command} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
