# SPDX-License-Identifier: MIT
#
# cmake -D COMPILER=... -D INCLUDES=... -D HEADER=... -D SOURCE=... -P check.cmake
#
# HEADER, which precompile.cmake has read, comes first.
# The first line of SOURCE is `// expect: <sentence>`. SOURCE must not compile, and the compiler's
# output must contain exactly that sentence.

file(STRINGS "${SOURCE}" first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect: (.+)$")
    message(FATAL_ERROR "${SOURCE}: the first line must be `// expect: <sentence>`")
endif()
# A line of a file is an element of a list, in which semicolons are escaped.
string(REPLACE "\\;" ";" sentence "${CMAKE_MATCH_1}")

include("${CMAKE_CURRENT_LIST_DIR}/flags.cmake")

# Editors check the syntax only; a build also emits code. Both must say it.
foreach(mode IN ITEMS "-fsyntax-only" "-c;-o;/dev/null")
    execute_process(
        COMMAND ${compile} ${mode} -include "${HEADER}" "${SOURCE}"
        RESULT_VARIABLE result
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output)
    if(result EQUAL 0)
        message(FATAL_ERROR "${SOURCE} compiles (${mode}), but must not")
    endif()
    string(FIND "${output}" "${sentence}" position)
    if(position EQUAL -1)
        message(FATAL_ERROR "expected: ${sentence}\nthe compiler said (${mode}):\n${output}")
    endif()
endforeach()
message("refused as expected: ${sentence}")
