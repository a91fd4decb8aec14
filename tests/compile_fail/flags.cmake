# SPDX-License-Identifier: MIT
#
# From COMPILER and INCLUDES: `compile`, the words that begin every command here. A precompiled
# header serves only compilations with the same flags.

set(compile "${CMAKE_COMMAND}" -E env LC_ALL=C "${COMPILER}" -std=c++20 -fmessage-length=0)
foreach(directory IN LISTS INCLUDES)
    list(APPEND compile "-I${directory}")
endforeach()
