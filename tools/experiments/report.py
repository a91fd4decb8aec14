# SPDX-License-Identifier: MIT
"""What every report says: how the runs were made, and what their figures are worth."""
import datetime

from .common import count_text, counted, paragraph

SMALL = ("These are results of small models on little text with little training, at this size, on "
         "this data. They compare the rows of this table with one another and cannot be compared "
         "with published numbers.")


def date_text(iso):
    """26 November 2026"""
    date = datetime.date.fromisoformat(iso)
    return f"{date.day} {date:%B %Y}"


def between(values, text=str):
    """One value, or the least and the largest."""
    values = sorted(set(values))
    return text(values[0]) if len(values) == 1 else f"{text(values[0])} to {text(values[-1])}"


def machines_text(results):
    """What computed the results, most often one machine."""
    texts = [f"{r['machine']['processor']}, {counted(r['machine']['processors'], 'processor')}, "
             f"kernels for {r['eval']['cpu']}" for r in results]
    return "; ".join(dict.fromkeys(texts))


def size_text(settings):
    """Nothing if the models differ in size."""
    if settings["layers"] is None:
        return ""
    return f"{counted(settings['layers'], 'layer')} x {settings['embd']} channels, "


def settings_lines(study, results, more=()):
    """The table of what all runs have in common; `more` rows of an experiment's own come before
    the seeds."""
    settings, texts = study.folder.settings, study.texts
    tokens = settings["steps"] * settings["batch"] * settings["ctx"]
    learnt, measured = (settings[name]["bytes"] for name in ("data", "valid"))
    parameters = [r["train"]["parameters"] for r in results]
    rows = [
        ("models", f"{size_text(settings)}{study.symbols}, "
                   f"{between(parameters, lambda n: f'{n:,}')} parameters"),
        ("learned from", f"{texts.names['data']}, {learnt:,} bytes"),
        ("measured on", f"{texts.names['valid']}, {measured:,} bytes, "
                        f"in windows of {settings['ctx']} that start at rest"),
        ("training", f"{settings['steps']} steps of {settings['batch']} x {settings['ctx']}, "
                     f"{count_text(tokens)} tokens, {tokens / study.length('data'):.2g} times the "
                     "text; otherwise the defaults of `spikegpt train`"),
        *more,
        ("seeds", ", ".join(map(str, sorted({r["about"]["seed"] for r in results})))),
        ("machine", f"{machines_text(results)}; {counted(study.options.jobs, 'run')} at a time, "
                    "one thread each"),
        ("program", ", ".join(dict.fromkeys(r["program"]["version"] for r in results))),
        ("date", between([r["date"] for r in results], date_text))]
    lines = ["| | |", "|---|---|"] + [f"| {name} | {value} |" for name, value in rows] + [""]
    if len({r["program"]["build"] for r in results}) > 1:
        lines += ["The runs were made by different builds of the program.", ""]
    return lines


def missing_lines(runs):
    """Says which runs the report is without."""
    absent = [run.label for run in runs if run.result() is None]
    return paragraph(f"Not finished: {', '.join(absent)}.") if absent else []
