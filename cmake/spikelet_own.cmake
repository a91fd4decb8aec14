# SPDX-License-Identifier: MIT
#
# spikelet_own: what only our own tests, examples, tools and benchmarks are compiled with.
# They link it PRIVATE; it is not installed and nobody inherits it. spikelet_warnings is the part of
# it that says nothing of the processor.

add_library(spikelet_warnings INTERFACE)
target_compile_options(
    spikelet_warnings
    INTERFACE -Wall
              -Wextra
              -Wpedantic
              -Wconversion
              -Wsign-conversion
              -Wshadow
              -Wold-style-cast
              -Wdouble-promotion
              -Wundef
              # GCC 12 is wrong about these at -O3: it takes impossible paths through std::string
              # (GCC bug 105651), std::optional (80635), guarded writes to small arrays and, for ARM,
              # loops over more numbers than there is memory. clang looks at the same code without
              # these exceptions. Out of a precompiled header it
              # also forgets that its own intrinsics use undefined registers on purpose.
              $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
              $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
              $<$<CXX_COMPILER_ID:GNU>:-Wno-aggressive-loop-optimizations>
              $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
              $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>
              $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>)
if(SPIKELET_WERROR)
    target_compile_options(spikelet_warnings INTERFACE -Werror)
endif()

add_library(spikelet_own INTERFACE)
target_link_libraries(spikelet_own INTERFACE spikelet_warnings)
if(SPIKELET_NATIVE)
    target_compile_options(spikelet_own INTERFACE -march=native)
endif()
