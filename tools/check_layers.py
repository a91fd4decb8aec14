#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what no compiler checks: who includes whom, and the habits of the house.

  tools/check_layers.py          prints a verdict, exits with 1 when something is wrong
  tools/check_layers.py --table  prints who may include whom

Each folder under include/spikelet is a floor. A header may include its own floor and the floors
below it that the table names; the umbrella headers directly under include/spikelet may include
everything.
"""
import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = ROOT / "include" / "spikelet"

# floor: the other floors its headers may include
MAY_INCLUDE = {
    "core": set(),
    "kernels": {"core"},
    "autodiff": {"core"},
    "ops": {"core", "kernels", "autodiff"},
    "nn": {"core", "autodiff", "ops"},
    "models": {"core", "autodiff", "ops", "nn"},
    "train": {"core", "kernels", "autodiff"},
    "io": {"core", "autodiff"},
}

# what a line must not contain, where in include/spikelet it may stand all the same, its name
CONFINED = [
    (r"#\s*include\s*[<\"]xsimd", ("core/policy.hpp", "kernels/batch.hpp", "kernels/neon.hpp"),
     "xsimd"),
    (r"\bxsimd::",
     ("core/policy.hpp", "kernels/batch.hpp", "kernels/bit_lanes.hpp", "kernels/exponential.hpp",
      "kernels/integer_batch.hpp", "kernels/neon.hpp", "kernels/pair_products.hpp"), "xsimd"),
    (r"\b_mm\d*_\w+|\bXSIMD_WITH_|\b__AVX",
     ("kernels/batch.hpp", "kernels/bfloat16.hpp", "kernels/bit_lanes.hpp",
      "kernels/exponential.hpp", "kernels/integer_batch.hpp", "kernels/neon.hpp",
      "kernels/pair_products.hpp", "kernels/part.hpp"),
     "instructions"),
    (r"#\s*include\s*[<\"]omp\.h", ("core/policy.hpp",), "OpenMP"),
    (r"#\s*pragma\s+omp|_Pragma\(\s*\"omp", ("core/policy.hpp",), "OpenMP"),
    (r"#\s*include\s*[<\"]cblas", ("kernels/blas_matmul.hpp",), "BLAS"),
    (r"#\s*include\s*[<\"]nlohmann", ("io/",), "nlohmann_json"),
    (r"#\s*include\s*[<\"]zlib", ("io/inflate.hpp",), "zlib"),
    (r"#\s*include\s*[<\"]pcre2", ("io/text_pattern.hpp",), "PCRE2"),
    (r"#\s*include\s*[<\"]utf8proc", ("io/nfc.hpp",), "utf8proc"),
    (r"#\s*include\s*<(iostream|fstream)>", ("io/",), "stream input and output"),
]

LINES_OF_A_HEADER = 300
LINES_OF_A_FILE = 500
COLUMNS = 100

# pages of the documentation whose code is that of a program
SNIPPETS = {"docs/event_lm.md": "examples/event_lm.cpp"}
LEFT_BEHIND = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def check_includes(path, lines, report):
    """One header: the table, and that what it includes exists."""
    parts = path.relative_to(HEADERS).parts
    floor = parts[0] if len(parts) > 1 else None
    if floor is not None and floor not in MAY_INCLUDE:
        report(path, 0, f"{floor}/ is no floor of the house; the table in this script names them")
        return
    for number, line in enumerate(lines, 1):
        quoted = re.match(r'\s*#\s*include\s*"', line)
        if quoted:
            report(path, number, "headers are included as <spikelet/...>")
        match = re.match(r"\s*#\s*include\s*<spikelet/([^>]+)>", line)
        if not match:
            continue
        if not (HEADERS / match[1]).is_file():
            report(path, number, f"spikelet/{match[1]} does not exist")
        other = match[1].split("/")[0] if "/" in match[1] else None
        if floor is None or other == floor:
            continue
        if other is None:
            report(path, number, f"{floor}/ includes the umbrella {match[1]}")
        elif other not in MAY_INCLUDE[floor]:
            allowed = ", ".join(sorted(MAY_INCLUDE[floor])) or "no other floor"
            report(path, number, f"{floor}/ includes {other}/, but may include only: {allowed}")


def check_header(path, lines, report):
    """One header: what is confined to few files, macros, include guard, length."""
    name = path.relative_to(HEADERS).as_posix()
    for number, line in enumerate(lines, 1):
        for pattern, places, what in CONFINED:
            if re.search(pattern, line) and not name.startswith(places):
                report(path, number, f"{what} may be used only in {', '.join(places)}")
        macro = re.match(r"\s*#\s*define\s+(\w+)", line)
        if macro and not macro[1].startswith(("SPIKELET_", "PCRE2_CODE_UNIT_WIDTH")):
            report(path, number, f"macro {macro[1]}: macros begin with SPIKELET_")
    if "#pragma once" not in lines:
        report(path, 0, "#pragma once is missing")
    if len(lines) > LINES_OF_A_HEADER:
        report(path, 0, f"{len(lines)} lines; a header has at most {LINES_OF_A_HEADER}")


def check_file(path, lines, report):
    """Any C++ file of ours: licence, width, length, nothing left behind."""
    licence_at = 1 if lines and lines[0].startswith("// expect: ") else 0
    if lines[licence_at : licence_at + 1] != ["// SPDX-License-Identifier: MIT"]:
        report(path, licence_at + 1, "this line must be // SPDX-License-Identifier: MIT")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            report(path, number, f"{len(line)} columns; at most {COLUMNS}")
        if LEFT_BEHIND.search(line):
            report(path, number, "left behind; open an issue instead")
    if len(lines) > LINES_OF_A_FILE:
        report(path, 0, f"{len(lines)} lines; a file has at most {LINES_OF_A_FILE}")


def check_snippets(page, source, report):
    """Code on a page of the documentation: runs of lines of a file that is compiled."""
    code = source.read_text(encoding="utf-8")
    for match in re.finditer(r"```cpp\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        if match[1] not in code:
            line = page.read_text(encoding="utf-8")[: match.start()].count("\n") + 1
            report(page, line, f"this code is not in {source.relative_to(ROOT)}")


def cpp_files():
    for folder in ("include", "examples", "tests", "bench", "tools"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp") and path.is_file():
                yield path


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="print who may include whom")
    if parser.parse_args().table:
        for floor, below in MAY_INCLUDE.items():
            print(f"{floor:9} may include {', '.join(sorted(below)) or 'no other floor'}")
        return 0

    problems = []

    def report(path, number, message):
        problems.append(f"{path.relative_to(ROOT)}{f':{number}' if number else ''}: {message}")

    for page, source in SNIPPETS.items():
        check_snippets(ROOT / page, ROOT / source, report)
    files = headers = 0
    for path in cpp_files():
        lines = path.read_text(encoding="utf-8").splitlines()
        files += 1
        check_file(path, lines, report)
        if HEADERS in path.parents:
            headers += 1
            check_includes(path, lines, report)
            check_header(path, lines, report)

    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} problems in {files} files.")
        return 1
    print(f"{headers} headers keep to their floors, {files} files keep the habits of the house.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
