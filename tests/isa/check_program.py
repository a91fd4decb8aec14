#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that a program with code for several instruction sets runs on the oldest processor.

  check_program.py PROGRAM --set OBJECT... --set OBJECT...

The sets are those of the program's objects in the order of the link, the oldest first: SSE2, AVX2,
AVX-512. Of a function that several objects define the linker must have taken one that is no newer
than the first of them; nothing may run before main() in objects that are newer than the oldest.
Ends with 1 where that is not so, and with a line that begins with "skipped:" where binutils lack.
"""
import re
import shutil
import subprocess
import sys

NAMES = ("SSE2", "AVX2", "AVX-512")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")
AVX512 = re.compile(r"%zmm|%k[0-7]|%[xy]mm(1[6-9]|2[0-9]|3[01])")
# VEX encodings begin with v, but for these of the BMI sets and popcnt.
OTHERS_OF_AVX2 = {"andn", "bextr", "blsi", "blsmsk", "blsr", "bzhi", "mulx", "pdep", "pext",
                  "popcnt", "rorx", "sarx", "shlx", "shrx"}


def lines_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def newest_used(program):
    """For each function of the program the newest instruction set in it, as a number."""
    newest = {}
    function = None
    for line in lines_of("objdump", "-d", "--no-show-raw-insn", program):
        if match := FUNCTION.match(line):
            function = match[1]
            continue
        words = line.split()
        if len(words) < 2 or function is None:
            continue
        uses = 0
        if AVX512.search(line):
            uses = 2
        elif words[1].startswith("v") or words[1] in OTHERS_OF_AVX2:
            uses = 1
        newest[function] = max(uses, newest.get(function, 0))
    return newest


def shared_functions(objects):
    """What the linker may exchange for what another object defines."""
    names = set()
    for path in objects:
        for line in lines_of("nm", "-P", "--defined-only", path):
            name, kind = line.split()[:2]
            if kind in "TWVu":
                names.add(name)
    return names


def main():
    program, sets = sys.argv[1], []
    for word in sys.argv[2:]:
        if word == "--set":
            sets.append([])
        else:
            sets[-1].append(word)
    if not shutil.which("objdump") or not shutil.which("nm"):
        print("skipped: no objdump, no nm")
        return 0

    problems = []
    shared = [shared_functions(objects) for objects in sets]
    newest = newest_used(program)
    for function, used in newest.items():
        first = next((i for i, names in enumerate(shared) if function in names), len(sets))
        if used > first:
            problems.append(f"{function}: {NAMES[used]} code, also compiled for {NAMES[first]}")
    for objects in sets[1:]:
        for path in objects:
            sections = "\n".join(lines_of("objdump", "-h", path))
            if re.search(r"\s\.(init_array|ctors)", sections):
                problems.append(f"{path}: runs before main()")

    counts = [sum(1 for used in newest.values() if used == i) for i in range(len(NAMES))]
    if counts[0] == 0 or counts[len(sets) - 1] == 0:
        problems.append(f"functions by instruction set: {counts}")
    for problem in problems:
        print(problem)
    if not problems:
        print("functions: " + ", ".join(f"{n} {name}" for n, name in zip(counts, NAMES)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
