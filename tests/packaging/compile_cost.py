#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what it costs to include a header, against standard headers and xsimd.

  compile_cost.py --compiler g++ --include DIR HEADER=TIME,MEMORY...

For each umbrella header of spikelet: the processor time and the memory that the compiler takes at
-O0 for a file with nothing but this header, by what it takes in the same run for the foreign headers
that this umbrella header needed when the bounds were measured. Those are written below: a list that
followed spikelet's own would let in a heavy header unseen. Times are the least of two tries, made
in turns; a bound that does not hold gets six tries more, since other programs only ever add to a
time. Ends with 1 if a ratio is above its bound.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# What spikelet/edge.hpp and what it includes take from elsewhere, without what these bring along.
EDGE = ["algorithm", "bit", "cmath", "cstdint", "cstdio", "cstdlib", "cstring", "optional", "span",
        "stdexcept", "string", "string_view", "sys/mman.h", "utility", "vector", "xsimd/xsimd.hpp"]
FOREIGN = {
    "spikelet/edge.hpp": EDGE,
    "spikelet/spikelet.hpp": [*EDGE, "cerrno", "deque", "fcntl.h", "functional", "iterator", "map",
                              "memory", "numeric", "sys/stat.h"],
}


def cost(command):
    """User seconds and MiB at most that a command and what it starts take."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return usage.ru_utime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", action="append", default=[], metavar="DIR")
    parser.add_argument("headers", nargs="+", metavar="HEADER=TIME,MEMORY")
    arguments = parser.parse_args()
    command = [arguments.compiler, "-std=c++20", "-O0", *(f"-I{d}" for d in arguments.include)]
    bounds = {}
    for word in arguments.headers:
        header, numbers = word.split("=")
        bounds[header] = [float(number) for number in numbers.split(",")]

    with tempfile.TemporaryDirectory() as folder:
        texts = {header: [header] for header in bounds}
        texts |= {("foreign", header): FOREIGN[header] for header in bounds}
        least, most = {}, {}
        for name, includes in texts.items():
            source = Path(folder) / f"{len(least)}.cpp"
            source.write_text("".join(f"#include <{i}>\n" for i in includes), encoding="utf-8")
            least[name] = (float("inf"), source)

        def measure():
            for name, (seconds, source) in least.items():
                took, most[name] = cost([*command, "-c", "-o", os.devnull, str(source)])
                least[name] = (min(seconds, took), source)

        def ratios(header):
            foreign = ("foreign", header)
            return least[header][0] / least[foreign][0], most[header] / most[foreign]

        def above(header):
            return any(r > bound for r, bound in zip(ratios(header), bounds[header]))

        for tries in range(8):
            if tries >= 2 and not any(above(header) for header in bounds):
                break
            measure()
    for header, bound in bounds.items():
        ratio = ratios(header)
        foreign = ("foreign", header)
        print(f"standard headers and xsimd: {least[foreign][0]:.2f} s, {most[foreign]:.0f} MiB; "
              f"{header}: {ratio[0]:.2f} times the time (bound {bound[0]}), "
              f"{ratio[1]:.2f} times the memory (bound {bound[1]})"
              f"{', TOO MUCH' if above(header) else ''}")
    return 1 if any(above(header) for header in bounds) else 0


if __name__ == "__main__":
    sys.exit(main())
