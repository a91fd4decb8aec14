# SPDX-License-Identifier: MIT
#
# spikelet_own: what only our own tests, examples, tools and benchmarks are compiled with.
# They link it PRIVATE; it is not installed and nobody inherits it.

add_library(spikelet_own INTERFACE)
target_compile_options(
    spikelet_own
    INTERFACE -Wall
              -Wextra
              -Wpedantic
              -Wconversion
              -Wsign-conversion
              -Wshadow
              -Wold-style-cast
              -Wdouble-promotion
              -Wundef
              # Both are wrong about std::string and std::optional in GCC 12 at -O3 (GCC bugs
              # 105651 and 80635); clang looks at the same code without these exceptions.
              $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
              $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(SPIKELET_WERROR)
    target_compile_options(spikelet_own INTERFACE -Werror)
endif()
if(SPIKELET_NATIVE)
    target_compile_options(spikelet_own INTERFACE -march=native)
endif()
