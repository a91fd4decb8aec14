# SPDX-License-Identifier: MIT
#
# cmake -D CLANG_FORMAT=... -P format.cmake: are all C++ files formatted as .clang-format says?

if(NOT CLANG_FORMAT)
    message("skipped: clang-format-14 is not installed")
    return()
endif()

get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(files "")
foreach(folder IN ITEMS include examples tests bench tools)
    file(GLOB_RECURSE found "${root}/${folder}/*.hpp" "${root}/${folder}/*.cpp")
    list(APPEND files ${found})
endforeach()

set(wrong "")
foreach(file IN LISTS files)
    execute_process(
        COMMAND "${CLANG_FORMAT}" --dry-run --Werror "${file}"
        RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    if(NOT result EQUAL 0)
        string(REPLACE "${root}/" "" file "${file}")
        string(APPEND wrong " ${file}")
    endif()
endforeach()

if(wrong)
    message("mend with: clang-format-14 -i${wrong}")
    message(FATAL_ERROR "not formatted")
endif()
list(LENGTH files count)
message("${count} files are formatted")
