# SPDX-License-Identifier: MIT
#
# spikelet::cblas, if there is a BLAS with its C interface; spikelet_cblas_FOUND says so.

find_package(BLAS QUIET)
find_path(SPIKELET_CBLAS_DIR cblas.h PATH_SUFFIXES openblas)
mark_as_advanced(SPIKELET_CBLAS_DIR)
set(spikelet_cblas_FOUND FALSE)
if(BLAS_FOUND AND SPIKELET_CBLAS_DIR)
    set(spikelet_cblas_FOUND TRUE)
    if(NOT TARGET spikelet::cblas)
        add_library(spikelet::cblas INTERFACE IMPORTED GLOBAL)
        set_property(
            TARGET spikelet::cblas PROPERTY INTERFACE_INCLUDE_DIRECTORIES "${SPIKELET_CBLAS_DIR}")
        set_property(
            TARGET spikelet::cblas PROPERTY INTERFACE_LINK_LIBRARIES BLAS::BLAS)
    endif()
endif()
