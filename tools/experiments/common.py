# SPDX-License-Identifier: MIT
"""Small things that all experiments use: errors for people, files, numbers as text, tables."""
import json
import os
import statistics
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Problem(Exception):
    """Something a person can mend; its text is all that is shown."""


def reason(error):
    """Why the system refused, without the path."""
    return getattr(error, "strerror", None) or str(error)


def write_file(path, text):
    """Writes beside the old file, then renames: there is no moment without a whole file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise Problem(f"cannot write {path}: {reason(error)}") from error


def write_json(path, value):
    write_file(path, json.dumps(value, indent=2) + "\n")


def read_json(path):
    """The object in a file, None without such a file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Problem(f"cannot read {path}: {reason(error)}") from error


def spread(values):
    """The sample standard deviation; None for a single value."""
    return statistics.stdev(values) if len(values) > 1 else None


def mean_text(values, digits, unit=""):
    """Mean and spread: "2.127 ± 0.004"."""
    text = f"{statistics.mean(values):,.{digits}f}"
    if len(values) > 1:
        text += f" ± {spread(values):,.{digits}f}"
    return text + unit


def count_text(count):
    """A large number with few digits: "2.46 M"."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if count >= unit:
            return f"{count / (1e3 if name == ' k' else unit):.3g}{name}"
    return f"{count:.0f}"


def duration_text(seconds):
    """"2:03", or "1h02m" for more than an hour."""
    whole = int(seconds + 0.5)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600}h{whole // 60 % 60:02}m"


def counted(count, thing):
    """"1 run", "2 runs"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def table(head, rows):
    """The lines of a Markdown table, and an empty one after it."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + \
        ["| " + " | ".join(row) + " |" for row in rows] + [""]


def paragraph(text):
    """The lines of a paragraph, and an empty one after it."""
    return [*textwrap.wrap(text, 110, break_long_words=False, break_on_hyphens=False), ""]
