#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what it costs to include a header, against what it has to include in turn.

  compile_cost.py --compiler g++ --include DIR HEADER=TIME,MEMORY...

For each umbrella header of spikelet: the processor time and the memory that the compiler takes at
-O0 for a file with nothing but this header, by what it takes for the standard headers and xsimd
that spikelet/spikelet.hpp includes, in the same run. Times are the least of three tries, made in
turns; a bound that does not hold gets six tries more, since other programs only ever add to a time.
Ends with 1 if a ratio is above its bound.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def foreign_headers(compile_command, umbrella):
    """The files that spikelet's headers include and that are not spikelet's, in that order."""
    text = subprocess.run([*compile_command, "-E", "-x", "c++", "-"], check=True, text=True,
                          input=f"#include <{umbrella}>\n", capture_output=True).stdout
    within, found = [], []
    for name, flag in re.findall(r'^# \d+ "([^"]*)"(?: ([12]))?', text, re.MULTILINE):
        if flag == "1":
            if within and "include/spikelet/" in within[-1] and "include/spikelet/" not in name:
                found.append(name)
            within.append(name)
        elif flag == "2":
            within.pop()
    return list(dict.fromkeys(found))


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
        texts = {"others": [f'"{name}"' for name in
                            foreign_headers(command, "spikelet/spikelet.hpp")]}
        texts |= {header: [f"<{header}>"] for header in bounds}
        least, most = {}, {}
        for name, includes in texts.items():
            source = Path(folder) / f"{len(least)}.cpp"
            source.write_text("".join(f"#include {i}\n" for i in includes), encoding="utf-8")
            least[name] = (float("inf"), source)

        def measure():
            for name, (seconds, source) in least.items():
                took, most[name] = cost([*command, "-c", "-o", os.devnull, str(source)])
                least[name] = (min(seconds, took), source)

        def ratios(header):
            return least[header][0] / least["others"][0], most[header] / most["others"]

        def above(header):
            return any(r > bound for r, bound in zip(ratios(header), bounds[header]))

        for tries in range(9):
            if tries >= 3 and not any(above(header) for header in bounds):
                break
            measure()
    print(f"standard headers and xsimd: {least['others'][0]:.2f} s, {most['others']:.0f} MiB")
    for header, bound in bounds.items():
        ratio = ratios(header)
        print(f"{header}: {ratio[0]:.2f} times the time (bound {bound[0]}), "
              f"{ratio[1]:.2f} times the memory (bound {bound[1]})"
              f"{', TOO MUCH' if above(header) else ''}")
    return 1 if any(above(header) for header in bounds) else 0


if __name__ == "__main__":
    sys.exit(main())
