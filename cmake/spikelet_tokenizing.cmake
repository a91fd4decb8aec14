# SPDX-License-Identifier: MIT
#
# spikelet::tokenizing, if there are PCRE2 and utf8proc; spikelet_tokenizing_FOUND says so.

find_path(SPIKELET_PCRE2_DIR pcre2.h)
find_library(SPIKELET_PCRE2_LIBRARY pcre2-8)
find_path(SPIKELET_UTF8PROC_DIR utf8proc.h)
find_library(SPIKELET_UTF8PROC_LIBRARY utf8proc)
mark_as_advanced(SPIKELET_PCRE2_DIR SPIKELET_PCRE2_LIBRARY SPIKELET_UTF8PROC_DIR
                 SPIKELET_UTF8PROC_LIBRARY)
set(spikelet_tokenizing_FOUND FALSE)
if(SPIKELET_PCRE2_DIR AND SPIKELET_PCRE2_LIBRARY AND SPIKELET_UTF8PROC_DIR
   AND SPIKELET_UTF8PROC_LIBRARY)
    set(spikelet_tokenizing_FOUND TRUE)
    if(NOT TARGET spikelet::tokenizing)
        add_library(spikelet::tokenizing INTERFACE IMPORTED GLOBAL)
        set_target_properties(
            spikelet::tokenizing
            PROPERTIES
                INTERFACE_INCLUDE_DIRECTORIES "${SPIKELET_PCRE2_DIR};${SPIKELET_UTF8PROC_DIR}"
                INTERFACE_LINK_LIBRARIES "${SPIKELET_PCRE2_LIBRARY};${SPIKELET_UTF8PROC_LIBRARY}"
                # PCRE2 has one header for texts of 8, 16 and 32 bits.
                INTERFACE_COMPILE_DEFINITIONS PCRE2_CODE_UNIT_WIDTH=8)
    endif()
endif()
