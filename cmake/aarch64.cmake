# SPDX-License-Identifier: MIT
#
# 64-bit ARM on Debian, of another kind: its cross compiler, and programs run by qemu's emulation.
# The compiler looks for headers of libraries in /usr/include, too, after those of its own system.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

# These are headers only, and good for every processor, but lie in a folder of this machine's.
file(GLOB xsimd_DIR /usr/lib/*-linux-gnu/cmake/xsimd)
