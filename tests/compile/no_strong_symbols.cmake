# SPDX-License-Identifier: MIT
#
# cmake -D NM=... -D OBJECT=... -P no_strong_symbols.cmake
#
# An object made of nothing but headers must define nothing that a second one may not define as
# well: functions without `inline` would meet when a program is linked.
execute_process(
    COMMAND "${NM}" -P --defined-only "${OBJECT}"
    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+ [TDBRC] [^\n]*" strong "${symbols}")
if(strong)
    list(JOIN strong "\n" strong)
    message(FATAL_ERROR "defined in each file that includes the headers:\n${strong}")
endif()
