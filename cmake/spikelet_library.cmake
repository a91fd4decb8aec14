# SPDX-License-Identifier: MIT
#
# The targets that users link, and their installation:
#
#   spikelet::spikelet   the headers, C++20, xsimd
#   spikelet::openmp     + OpenMP: several cores
#   spikelet::edge       + no exceptions, no RTTI: chips
#   spikelet::io         + nlohmann_json: safetensors, checkpoints, saved sessions
#   spikelet::blas       + a BLAS with cblas.h: kernels/blas_matmul.hpp
#
# They carry usage requirements only: no warnings, no optimisation, no processor flags.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Imported targets must be visible where a parent project links ours.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
if(NOT TARGET xsimd AND NOT TARGET xsimd::xsimd)
    find_package(xsimd CONFIG REQUIRED)
    if(xsimd_VERSION VERSION_LESS 8.1)
        message(FATAL_ERROR "spikelet needs xsimd 8.1 or newer, found ${xsimd_VERSION}")
    endif()
endif()
include("${CMAKE_CURRENT_LIST_DIR}/spikelet_xsimd.cmake")
set_property(TARGET spikelet::xsimd PROPERTY IMPORTED_GLOBAL TRUE)

set(own_programs OFF)
if(SPIKELET_TESTS OR SPIKELET_EXAMPLES OR SPIKELET_TOOLS OR SPIKELET_BENCH)
    set(own_programs ON)
endif()
foreach(package IN ITEMS OpenMP nlohmann_json)
    find_package(${package} QUIET)
    if(own_programs AND NOT ${package}_FOUND)
        message(FATAL_ERROR "spikelet's own programs need ${package}; tools/setup installs it")
    endif()
endforeach()
include("${CMAKE_CURRENT_LIST_DIR}/spikelet_cblas.cmake")
unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)

# The headers. Those that need nlohmann_json belong to spikelet::io, those of BLAS to spikelet::blas.
set(include_root "${PROJECT_SOURCE_DIR}/include")
file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${include_root}/spikelet/*.hpp")
set(io_headers "${headers}")
set(needs_json "/io/(checkpoint|safetensors[a-z_]*|session_state|vocabulary_json)[.]hpp$")
list(FILTER io_headers INCLUDE REGEX "${needs_json}")
set(blas_headers "${include_root}/spikelet/kernels/blas_matmul.hpp")
list(FILTER headers EXCLUDE REGEX "${needs_json}")
list(REMOVE_ITEM headers ${blas_headers})

add_library(spikelet INTERFACE)
add_library(spikelet::spikelet ALIAS spikelet)
target_compile_features(spikelet INTERFACE cxx_std_20)
target_link_libraries(spikelet INTERFACE spikelet::xsimd)
target_sources(
    spikelet INTERFACE FILE_SET HEADERS BASE_DIRS "${include_root}" FILES ${headers})
install(
    TARGETS spikelet
    EXPORT spikelet-targets
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

add_library(spikelet_edge INTERFACE)
add_library(spikelet::edge ALIAS spikelet_edge)
set_property(TARGET spikelet_edge PROPERTY EXPORT_NAME edge)
target_compile_options(
    spikelet_edge INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
target_link_libraries(spikelet_edge INTERFACE spikelet)
install(TARGETS spikelet_edge EXPORT spikelet-targets)

# Each optional part is a component with targets of its own, so that nobody needs what they do not use.
set(components "")
if(OpenMP_CXX_FOUND)
    list(APPEND components openmp)
    add_library(spikelet_openmp INTERFACE)
    add_library(spikelet::openmp ALIAS spikelet_openmp)
    set_property(TARGET spikelet_openmp PROPERTY EXPORT_NAME openmp)
    target_link_libraries(spikelet_openmp INTERFACE spikelet OpenMP::OpenMP_CXX)
    install(TARGETS spikelet_openmp EXPORT spikelet-openmp-targets)
endif()
if(nlohmann_json_FOUND)
    list(APPEND components io)
    add_library(spikelet_io INTERFACE)
    add_library(spikelet::io ALIAS spikelet_io)
    set_property(TARGET spikelet_io PROPERTY EXPORT_NAME io)
    target_link_libraries(spikelet_io INTERFACE spikelet nlohmann_json::nlohmann_json)
    target_sources(
        spikelet_io INTERFACE FILE_SET HEADERS BASE_DIRS "${include_root}" FILES ${io_headers})
    install(
        TARGETS spikelet_io
        EXPORT spikelet-io-targets
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()
if(TARGET spikelet::cblas)
    list(APPEND components blas)
    add_library(spikelet_blas INTERFACE)
    add_library(spikelet::blas ALIAS spikelet_blas)
    set_property(TARGET spikelet_blas PROPERTY EXPORT_NAME blas)
    target_link_libraries(spikelet_blas INTERFACE spikelet spikelet::cblas)
    target_sources(
        spikelet_blas INTERFACE FILE_SET HEADERS BASE_DIRS "${include_root}" FILES ${blas_headers})
    install(
        TARGETS spikelet_blas
        EXPORT spikelet-blas-targets
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/spikelet")
install(EXPORT spikelet-targets NAMESPACE spikelet:: DESTINATION "${package_dir}")
foreach(component IN LISTS components)
    install(
        EXPORT spikelet-${component}-targets
        NAMESPACE spikelet::
        DESTINATION "${package_dir}")
endforeach()
configure_package_config_file(
    "${CMAKE_CURRENT_LIST_DIR}/spikeletConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/package/spikeletConfig.cmake"
    INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/package/spikeletConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(
    FILES
        "${PROJECT_BINARY_DIR}/package/spikeletConfig.cmake"
        "${PROJECT_BINARY_DIR}/package/spikeletConfigVersion.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/spikelet_xsimd.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/spikelet_cblas.cmake"
    DESTINATION "${package_dir}")
