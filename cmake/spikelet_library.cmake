# SPDX-License-Identifier: MIT
#
# The targets that users link, and their installation:
#
#   spikelet::spikelet   the headers, C++20, xsimd
#   spikelet::openmp     + OpenMP: several cores
#   spikelet::edge       + no exceptions, no RTTI: chips
#   spikelet::io         + nlohmann_json: safetensors, checkpoints, saved sessions
#   spikelet::torch      + spikelet::io, zlib: files of PyTorch
#   spikelet::tokenizers + spikelet::io, PCRE2, utf8proc: byte-level BPE, files of vocabularies
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
if(SPIKELET_TESTS OR SPIKELET_EXAMPLES OR SPIKELET_TOOLS OR SPIKELET_BENCH OR SPIKELET_FUZZ)
    set(own_programs ON)
endif()
foreach(package IN ITEMS OpenMP nlohmann_json ZLIB)
    find_package(${package} QUIET)
    if(package STREQUAL "ZLIB" AND CMAKE_CROSSCOMPILING)
        continue()  # what is tested in emulation goes without
    endif()
    if(own_programs AND NOT ${package}_FOUND)
        message(FATAL_ERROR "spikelet's own programs need ${package}; tools/setup installs it")
    endif()
endforeach()
include("${CMAKE_CURRENT_LIST_DIR}/spikelet_cblas.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/spikelet_tokenizing.cmake")
if(own_programs AND NOT CMAKE_CROSSCOMPILING AND NOT spikelet_tokenizing_FOUND)
    message(FATAL_ERROR "spikelet's own programs need PCRE2 and utf8proc; tools/setup installs them")
endif()
unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)

# The headers. Those that need a library belong to the target that brings it.
set(include_root "${PROJECT_SOURCE_DIR}/include")
file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${include_root}/spikelet/*.hpp")
set(io_headers "${headers}")
set(needs_json
    "/io/(checkpoint|safetensors[a-z_]*|session_state|tokenizer_json|vocabulary_json|world_tokenizer)[.]hpp$")
list(FILTER io_headers INCLUDE REGEX "${needs_json}")
set(torch_headers "${headers}")
set(needs_zlib "/io/(checkpoint_file|inflate|torch_[a-z]+|zip_writer)[.]hpp$")
list(FILTER torch_headers INCLUDE REGEX "${needs_zlib}")
set(tokenizer_headers "${headers}")
set(needs_tokenizing "/io/(bpe_trainer|byte_bpe|nfc|text_pattern|vocabulary_file)[.]hpp$")
list(FILTER tokenizer_headers INCLUDE REGEX "${needs_tokenizing}")
set(blas_headers "${include_root}/spikelet/kernels/blas_matmul.hpp")
list(FILTER headers EXCLUDE REGEX "${needs_json}")
list(FILTER headers EXCLUDE REGEX "${needs_zlib}")
list(FILTER headers EXCLUDE REGEX "${needs_tokenizing}")
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
function(add_component name needs)
    add_library(spikelet_${name} INTERFACE)
    add_library(spikelet::${name} ALIAS spikelet_${name})
    set_property(TARGET spikelet_${name} PROPERTY EXPORT_NAME ${name})
    target_link_libraries(spikelet_${name} INTERFACE spikelet ${needs})
    target_sources(
        spikelet_${name} INTERFACE FILE_SET HEADERS BASE_DIRS "${include_root}" FILES ${ARGN})
    install(
        TARGETS spikelet_${name}
        EXPORT spikelet-${name}-targets
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    set(components ${components} ${name} PARENT_SCOPE)
endfunction()
if(OpenMP_CXX_FOUND)
    add_component(openmp OpenMP::OpenMP_CXX)
endif()
if(nlohmann_json_FOUND)
    add_component(io nlohmann_json::nlohmann_json ${io_headers})
endif()
if(TARGET spikelet_io AND ZLIB_FOUND)
    add_component(torch "spikelet_io;ZLIB::ZLIB" ${torch_headers})
endif()
if(TARGET spikelet_io AND TARGET spikelet::tokenizing)
    add_component(tokenizers spikelet::tokenizing ${tokenizer_headers})
    target_link_libraries(spikelet_tokenizers INTERFACE spikelet_io)
endif()
if(TARGET spikelet::cblas)
    add_component(blas spikelet::cblas ${blas_headers})
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
# From the folder of spikelet.pc to the headers: the prefix may be moved, where they lie within it.
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_DATADIR}")
    set(pc_headers "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
    file(RELATIVE_PATH pc_headers "/${CMAKE_INSTALL_DATADIR}/pkgconfig"
         "/${CMAKE_INSTALL_INCLUDEDIR}")
    string(PREPEND pc_headers "\${pcfiledir}/")
endif()
configure_file(
    "${CMAKE_CURRENT_LIST_DIR}/spikelet.pc.in" "${PROJECT_BINARY_DIR}/package/spikelet.pc" @ONLY)
install(
    FILES "${PROJECT_BINARY_DIR}/package/spikelet.pc"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/package/spikeletConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(
    FILES
        "${PROJECT_BINARY_DIR}/package/spikeletConfig.cmake"
        "${PROJECT_BINARY_DIR}/package/spikeletConfigVersion.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/spikelet_xsimd.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/spikelet_cblas.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/spikelet_tokenizing.cmake"
    DESTINATION "${package_dir}")
