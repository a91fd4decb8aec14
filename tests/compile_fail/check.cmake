# SPDX-License-Identifier: MIT
#
# cmake -D COMPILER=... -D SOURCE=... -D INCLUDES=... -P check.cmake
#
# The first line of SOURCE is `// expect: <sentence>`. SOURCE must not compile, and the compiler's
# output must contain exactly that sentence.

file(STRINGS "${SOURCE}" first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect: (.+)$")
    message(FATAL_ERROR "${SOURCE}: the first line must be `// expect: <sentence>`")
endif()
# A line of a file is an element of a list, in which semicolons are escaped.
string(REPLACE "\\;" ";" sentence "${CMAKE_MATCH_1}")

set(include_flags "")
foreach(directory IN LISTS INCLUDES)
    list(APPEND include_flags "-I${directory}")
endforeach()

# Editors check the syntax only; a build also emits code. Both must say it.
foreach(mode IN ITEMS "-fsyntax-only" "-c;-o;/dev/null")
    execute_process(
        COMMAND "${CMAKE_COMMAND}" -E env LC_ALL=C "${COMPILER}" -std=c++20 -fmessage-length=0
                ${mode} ${include_flags} "${SOURCE}"
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
