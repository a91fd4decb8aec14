# SPDX-License-Identifier: MIT
"""Telling classes of texts apart: the SpikeGPT paper's Table 4 at small scale.

For every folder of labelled texts (train.tsv, valid.tsv and perhaps test.tsv, with lines
label<TAB>text; docs/understanding.md) trains classifiers of one size: from scratch, and from a
language model that has first predicted the texts to learn from, without their labels, for some
steps. Writes into the folder of --out:

  table4.md    settings, and the table: accuracy and macro F1, means over the seeds
  table4.png   accuracy of both, beside that of the most frequent class
"""
import statistics
from pathlib import Path

from . import report
from .class_study import ClassStudy
from .common import counted, mean_text, paragraph, table, write_file
from .flags import add_minutes_flag, add_place_flags, whole
from .groups import conclude
from .labelled import PRETRAIN_CTX, WAYS
from .pictures import check_matplotlib, load_pyplot, save

NAME = "table4"
PURPOSE = "accuracy of classifiers, from scratch and after a short pre-training"
EXAMPLES = """examples:
  tools/reproduce table4 --data data/mr data/trec --minutes 30
  tools/reproduce table4 --data data/mr --steps 500 --epochs 5 --seeds 1
"""
NAMES = {"scratch": "from scratch", "pretrained": "pre-trained"}
COLOURS = {"scratch": "#1f6f8b", "pretrained": "#d1495b"}
HOW_MEASURED = (
    "Means over the seeds, ± their sample standard deviation. F1: the mean of the classes'. "
    "Most frequent: the accuracy of always saying the class that is most frequent in training. The "
    "best of the epochs was chosen on valid.tsv; where that is also what was measured on, figures "
    "are a little too good. Both ways have the same vocabulary, a byte-level BPE of the texts to "
    "learn from, and the defaults of `spikegpt classify train`.")


def add_flags(parser):
    length = add_minutes_flag(parser)
    length.add_argument("--steps", type=whole, metavar="N", help="of each pre-training")
    model = parser.add_argument_group("models")
    for name, value, meaning in (
            ("layers", 1, "blocks"), ("embd", 64, "channels"),
            ("bpe-merges", 2000, "merges of the vocabulary"),
            ("epochs", 10, "of a classifier at most; --minutes may make them fewer"),
            ("seeds", 3, "runs of each kind, with seeds from 1 on")):
        model.add_argument(f"--{name}", type=whole, default=value, metavar="N",
                           help=f"{meaning} (default {value})")
    parser.add_argument_group("texts").add_argument(
        "--data", nargs="+", type=Path, required=True, metavar="DIR", help="folders of texts")
    add_place_flags(parser, NAME)


class Group:
    """The finished runs of one set."""

    def __init__(self, labelled, results):
        self.labelled = labelled
        self.label = labelled.name
        self.results = results

    def eval(self, way, name):
        return [result["ways"][way]["eval"][name] for result in self.results]


def percent(shares):
    return mean_text([100 * share for share in shares], 1, " %")


def sets_table(groups):
    head = ["set", "classes", "to learn from", "measured on", "seeds", "most frequent"]
    rows = []
    for name in NAMES.values():
        head += [f"{name}: accuracy", "macro F1", "firing"]
    for group in groups:
        texts = group.labelled
        row = [group.label, str(len(set(texts.labels(texts.train)))),
               f"{len(texts.labels(texts.train)):,}",
               f"{len(texts.labels(texts.measured)):,} ({texts.measured.name})",
               str(len(group.results)), f"{100 * texts.majority():.1f} %"]
        for way in WAYS:
            row += [percent(group.eval(way, name))
                    for name in ("accuracy", "macro_f1", "firing_rate")]
        rows.append(row)
    return table(head, rows)


def settings_lines(study, results):
    settings = study.folder.settings
    sizes = report.between([result["ways"]["scratch"]["train"]["parameters"] for result in results],
                           lambda n: f"{n:,}")
    language = [result["pretraining"] for result in results]
    tokens = report.between([trained["tokens"] for trained in language], lambda n: f"{n:,}")
    machines = report.machines_text([{"machine": result["machine"],
                                      "eval": result["ways"]["scratch"]["train"]}
                                     for result in results])
    rows = [
        ("models", f"`spikegpt`, {counted(settings['layers'], 'layer')} x {settings['embd']} "
                   f"channels, a BPE of {settings['bpe_merges']} merges, {sizes} parameters"),
        ("pre-training", f"{settings['steps']} steps on the texts to learn from without labels, "
                         f"in sequences of {PRETRAIN_CTX}: {tokens} tokens"),
        ("classifiers", f"at most {counted(settings['epochs'], 'epoch')}"),
        ("seeds", ", ".join(map(str, sorted({result["about"]["seed"] for result in results})))),
        ("machine", f"{machines}; {counted(study.options.jobs, 'run')} at a time, one thread each"),
        ("program", ", ".join(dict.fromkeys(r["program"]["version"] for r in results))),
        ("date", report.between([result["date"] for result in results], report.date_text))]
    return table(["", ""], [list(row) for row in rows])


def draw(groups, caption, path):
    """Two bars a set, a dot for each seed, a line where the most frequent class is."""
    pyplot = load_pyplot()
    figure, axes = pyplot.subplots(figsize=(4.0 + 1.3 * len(groups), 4.6),
                                   layout="constrained")
    for side, way in enumerate(WAYS):
        for place, group in enumerate(groups):
            values = [100 * share for share in group.eval(way, "accuracy")]
            mean, x = statistics.mean(values), place + 0.36 * (side - 0.5)
            axes.bar(x, mean, 0.33, color=COLOURS[way], zorder=2,
                     label=NAMES[way] if place == 0 else None)
            if len(values) > 1:
                axes.plot([x] * len(values), values, "o", color="black", markersize=3, zorder=3)
            axes.annotate(f"{mean:.1f}", (x, max(values)), (0, 5), textcoords="offset points",
                          ha="center")
    for place, group in enumerate(groups):
        height = 100 * group.labelled.majority()
        axes.plot([place - 0.4, place + 0.4], [height] * 2, "--", color="black", linewidth=1.2,
                  zorder=4, label="most frequent class" if place == 0 else None)
    axes.set_xticks(range(len(groups)), [group.label for group in groups])
    axes.set_xlim(-0.7, len(groups) - 0.3)
    axes.set_ylim(0, 108)
    axes.grid(False, axis="x")
    axes.set_ylabel("accuracy, percent")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    axes.set_title(f"Classes of texts: {caption}", loc="left")
    save(figure, path)


def write_report(study, runs, groups):
    """table4.md and table4.png."""
    results = [result for group in groups for result in group.results]
    settings, folder = study.folder.settings, study.folder.path
    lines = ["# Classes of texts", "", *paragraph(report.SMALL),
             "![accuracy of classifiers](table4.png)", "", *settings_lines(study, results),
             *report.missing_lines(runs), *sets_table(groups), *paragraph(HOW_MEASURED)]
    write_file(folder / "table4.md", "\n".join(lines).rstrip() + "\n")
    print(folder / "table4.md")
    draw(groups, f"{counted(settings['layers'], 'layer')} x {settings['embd']} channels",
         folder / "table4.png")


def run(options):
    """Returns the exit code."""
    check_matplotlib()
    study = ClassStudy(NAME, options)
    failures = [] if options.report else study.carry_out()
    groups = [Group(labelled, results) for labelled in study.sets
              if (results := study.results_of(labelled))]
    return conclude(study, study.runs, failures, groups, write_report)
