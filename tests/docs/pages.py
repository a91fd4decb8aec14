#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The code on the pages of the documentation: it compiles, and it prints what the page says.

  pages.py source PAGE                    prints a page as a program of its own
  pages.py program OUT PAGE...            writes one program that holds these pages
  pages.py compare [--mend] PAGE COMMAND  runs COMMAND on one of its pages and compares; --mend writes
                                          what was printed into the page
  pages.py quotes                         looks for the code of all other pages in files that are compiled

A page is a program. Its ```cpp blocks that begin with #include, template, struct or void stand before
main(), all others are its body, in order. A ```text block is what the blocks since the last one print.
"""
import difflib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEFORE_MAIN = re.compile(r"(#include|template|struct|void)\b")
# Ends what belongs to a ```text block; no page prints it.
MARK = "\x1e"


class Block:
    """What stands between two fences: `line` is the number of its first line."""

    def __init__(self, kind, line, lines):
        self.kind, self.line, self.lines = kind, line, lines

    def stands_before_main(self):
        return bool(BEFORE_MAIN.match("\n".join(self.lines)))


def blocks_of(page):
    """The fenced blocks of a page."""
    blocks, kind = [], None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("```"):
            if kind is not None:
                blocks[-1].lines.append(line)
        elif kind is None:
            kind = line[3:]
            blocks.append(Block(kind, number + 1, []))
        else:
            kind = None
    return blocks


def name_of(page):
    return "page_" + re.sub(r"\W", "_", page.stem)


def lines_at(page, block, lines):
    """C++ of which compilers say that it stands on the page."""
    return [f'#line {block.line} "{page}"', *lines]


def parts_of(page):
    """Of a page: its includes, what stands before main(), and main()'s body, in which a mark ends what
    belongs to a ```text block."""
    includes, before, body = [], [], []
    for block in blocks_of(page):
        if block.kind == "text":
            body.append(f'std::printf("{MARK}\\n");')
        if block.kind != "cpp":
            continue
        includes += [line for line in block.lines if line.startswith("#include")]
        code = ["" if line.startswith("#include") else line for line in block.lines]
        (before if block.stands_before_main() else body).extend(lines_at(page, block, code))
    return includes, before, body


def print_source(page):
    only_for_tests = ("#line", f'std::printf("{MARK}')
    includes, before, body = ([line for line in part if not line.startswith(only_for_tests)]
                              for part in parts_of(page))
    print("\n".join([*includes, *before, "int main() {", *body, "}"]))


def write_program(out, pages):
    includes, code = ["#include <cstdio>", "#include <string_view>"], []
    for page in pages:
        more, before, body = parts_of(page)
        includes += more
        code += [f"namespace {name_of(page)} {{", *before, "void run() {", *body, "}", "}"]
    choices = [f'    if (page == "{page.stem}") {{ {name_of(page)}::run(); }}' for page in pages]
    text = [*dict.fromkeys(includes), *code, '#line 1 "pages.cpp"',
            "int main(int, char** arguments) {",
            "    std::string_view const page = arguments[1];", *choices, "}"]
    out.write_text("\n".join(text) + "\n", encoding="utf-8")


def difference(where, found, expected):
    lines = difflib.unified_diff(expected, found, "the page", "the program", lineterm="")
    return f"{where}: the program prints something else\n" + "\n".join(lines)


def mend(page, shown, printed):
    lines = page.read_text(encoding="utf-8").splitlines()
    for block, found in reversed(list(zip(shown, printed))):
        lines[block.line - 1 : block.line - 1 + len(block.lines)] = found
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


def compare(page, command, mends):
    """What is wrong with a page: a list of texts."""
    shown = [block for block in blocks_of(page) if block.kind == "text"]
    ran = subprocess.run([*command, page.stem], stdout=subprocess.PIPE, text=True,
                         errors="backslashreplace", check=False)
    printed = [part.splitlines() for part in ran.stdout.split(MARK + "\n")]
    rest = printed.pop()
    if mends and ran.returncode == 0 and not rest:
        mend(page, shown, printed)
        return []
    wrong = [difference(f"{page}:{block.line}", found, block.lines)
             for block, found in zip(shown, printed) if found != block.lines]
    if ran.returncode != 0:
        wrong.append(f"{page}: the program ended with {ran.returncode} behind {len(printed)} ```text blocks")
    if not shown:
        wrong.append(f"{page}: it has no ```text block")
    if rest:
        wrong.append(f"{page}: no ```text block shows\n" + "\n".join(rest))
    return wrong


def without_spaces(text):
    return " ".join(text.split())


def paragraphs_of(page):
    """What stands between empty lines in the ```cpp blocks of a page, and where."""
    found = []
    for block in blocks_of(page):
        if block.kind != "cpp":
            continue
        line = block.line
        for paragraph in "\n".join(block.lines).split("\n\n"):
            found.append((f"{page}:{line}", paragraph))
            line += paragraph.count("\n") + 2
    return found


def find_quotes():
    """What is wrong with the pages that are no programs of their own."""
    # Decisions are as old as they are.
    pages = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    files = [ROOT / "tests/compile/docs.cpp", ROOT / "tests/io/vocabulary_file_test.cpp",
             *sorted((ROOT / "examples").glob("*.cpp"))]
    compiled = [without_spaces(file.read_text(encoding="utf-8")) for file in files]
    paragraphs = [paragraph for page in pages for paragraph in paragraphs_of(page)]
    print(f"{len(paragraphs)} paragraphs of code on {len(pages)} pages")
    names = "\n    ".join(str(file.relative_to(ROOT)) for file in files)
    return [f"{where}: none of these files has it:\n    {names}\n{code}"
            for where, code in paragraphs
            if not any(without_spaces(code) in text for text in compiled)]


def main():
    task, *rest = sys.argv[1:]
    if task == "source":
        print_source(Path(rest[0]))
        return 0
    if task == "program":
        write_program(Path(rest[0]), [Path(page) for page in rest[1:]])
        return 0
    if task == "compare":
        mends = rest[0] == "--mend"
        page, *command = rest[mends:]
        wrong = compare(Path(page), command, mends)
    else:
        wrong = find_quotes()
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
