# SPDX-License-Identifier: MIT
#
# An overlay port: vcpkg install spikelet --overlay-ports=<clone>/tools/packaging/vcpkg
# It packages the clone it lies in.
set(VCPKG_BUILD_TYPE release)  # headers only
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

file(READ "${SOURCE_PATH}/include/spikelet/core/version.hpp" version_text)
set(version "")
foreach(part IN ITEMS MAJOR MINOR PATCH)
    string(REGEX MATCH "#define SPIKELET_VERSION_${part} ([0-9]+)" found "${version_text}")
    list(APPEND version "${CMAKE_MATCH_1}")
endforeach()
list(JOIN version "." version)
if(NOT version STREQUAL VERSION)
    message(FATAL_ERROR "vcpkg.json says version ${VERSION}, core/version.hpp ${version}")
endif()

# What a feature did not ask for is not looked for, though it may be installed.
set(without "")
if(NOT "io" IN_LIST FEATURES AND NOT "torch" IN_LIST FEATURES AND NOT "tokenizers" IN_LIST FEATURES)
    list(APPEND without -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON)
endif()
if(NOT "torch" IN_LIST FEATURES)
    list(APPEND without -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON)
endif()
if(NOT "tokenizers" IN_LIST FEATURES)
    list(APPEND without -DSPIKELET_PCRE2_DIR=OFF)
endif()
if(NOT "blas" IN_LIST FEATURES)
    list(APPEND without -DCMAKE_DISABLE_FIND_PACKAGE_BLAS=ON)
endif()
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS -DSPIKELET_TESTS=OFF -DSPIKELET_EXAMPLES=OFF -DSPIKELET_TOOLS=OFF ${without}
    MAYBE_UNUSED_VARIABLES CMAKE_DISABLE_FIND_PACKAGE_BLAS)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/spikelet)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
