# SPDX-License-Identifier: MIT
"""Bits per character of Wikipedia's text: the SpikeGPT paper's Table 2 at small scale.

Trains variants of one size on equally many bytes of the beginning of enwik8, and measures bits on
the text to learn from, on text that they have not seen, and on text to test on if there is any.
Writes into the folder of --out:

  table2.md    settings; the table: means over the seeds; what a token costs in time and memory
  table2.png   a bar for each variant
  curves.png   bits while learning
"""
import csv
import math
import statistics

from . import events_pictures, report
from .common import counted, mean_text, paragraph, table, write_file
from .flags import complete
from .groups import carry_through
from .jobs import Command
from .pictures import load_pyplot
from .runs import Run
from .texts import ENWIK8, read
from .variants import SPIKES, add_variant_flags, order, save_bars, variant_runs

NAME = "table2"
PURPOSE = "bits per character of a text to learn from and of one that was not seen"
EXAMPLES = """examples:
  tools/reproduce table2 --minutes 60                   two variants, three seeds, about an hour
  tools/reproduce table2 --minutes 10 --seeds 1
  tools/reproduce table2 --minutes 60 --only vanilla_rwkv spikegpt spikegpt_b spike_driven
"""
USUAL = ("vanilla_rwkv", "spikegpt")
BASELINES = "baselines_charlm.tsv"  # beside the folders of texts: bits of byte n-grams
COLUMNS = {"seen": "train", "valid": "valid", "test": "test"}
HOW_MEASURED = (
    "Means over the seeds, ± their sample standard deviation. Train: the first lines of the text "
    "to learn from, not more than there is to measure on; a training that is shorter than its text "
    "has not seen all of them. Difference: of valid, to the first row. "
    "Learning rates are the program's defaults; no variant was tuned for this text.")
PER_CHARACTER = (
    "A model reads bytes; characters are code points of UTF-8, of which some take several bytes.")
NGRAM = (
    "The n-grams predict a byte from the bytes before it, interpolated by Witten and Bell's rule; "
    "the best order is shown. They have read the same text to learn from, once and whole.")
COMPLEXITY = (
    "None of these models looks back. With L layers of C channels a text of T bytes takes a time "
    "proportional to T·L·C² and, as a stream, memory proportional to L·C, whatever T is; attention "
    "takes a time proportional to T²·L·C besides, and memory to T·L·C.")


def add_flags(parser):
    add_variant_flags(parser, NAME, seeds=3, usual=USUAL, texts=ENWIK8)


class WiderRun(Run):
    """A run whose model is also measured on what it has seen, and on what there is to test on."""

    def others(self):
        return [name for name in COLUMNS if name != "valid" and name in self.study.texts.files]

    def measured_bytes(self):
        parts = self.study.texts.parts
        return super().measured_bytes() + sum(len(parts[name]) for name in self.others())

    def further(self, log):
        others = {}
        for name in self.others():
            words = self.study.measuring_words(self.model, name)
            others[name] = (yield Command(words, log)).result
        return {"others": others}


def make_runs(study):
    add_seen(study.texts, study.folder.path / "texts")
    return variant_runs(study, WiderRun)


def add_seen(texts, folder):
    """The first lines to learn from, not more than there is to measure on."""
    text = texts.parts["data"][:len(texts.parts["valid"])]
    texts.add("seen", text[:text.rfind(b"\n") + 1] or text, folder)


def bits(group, part):
    """Bits per byte, one for each seed."""
    if part == "valid":
        return group.eval("bits_per_byte")
    return [result["others"][part]["bits_per_byte"] for result in group.results]


def parts_of(groups):
    """What was measured on, in the order of the columns."""
    others = groups[0].results[0]["others"]
    return [part for part in COLUMNS if part == "valid" or part in others]


def ngram_bits(texts):
    """The order of the best n-gram and its bits, where the data have such a list with just these
    texts; else None."""
    file = texts.origin.parent / BASELINES
    if not file.is_file():
        return None
    lengths = {"train_bytes": "data", "eval_bytes": "valid"}
    for row in csv.DictReader(read(file).decode().splitlines(), delimiter="\t"):
        if row["set"] == texts.origin.name and row["eval"] == "valid" and \
                all(int(row[name]) == len(texts.parts[part]) for name, part in lengths.items()):
            orders = {name.removeprefix("order"): float(value) for name, value in row.items()
                      if name.startswith("order") and value}
            return min(orders.items(), key=lambda order: order[1])
    return None


def results_table(groups, unit, ngram):
    parts = parts_of(groups)
    head = ["variant", "spikes", "seeds",
            *(f"bits per {unit}, {COLUMNS[part]}" for part in parts), "difference"]
    per_character = unit == "byte"
    if per_character:
        head.append("bits per character, valid")
    head += ["parameters", "tokens/s"]
    first, rows = statistics.mean(bits(groups[0], "valid")), []
    for group in groups:
        mean = statistics.mean(bits(group, "valid"))
        row = [f"`{group.variant}`", SPIKES[group.variant], str(len(group.results)),
               *(mean_text(bits(group, part), 3) for part in parts),
               "" if group is groups[0] else f"{mean - first:+.3f}"]
        if per_character:
            row.append(mean_text(group.eval("bits_per_character"), 3))
        rows.append(row + [f"{group.parameters:,}", f"{group.speed:,.0f}"])
    if ngram:
        cells = [f"{ngram[1]:.3f}" if part == "valid" else "" for part in parts]
        row = [f"byte n-grams, order {ngram[0]}", "", "", *cells, f"{ngram[1] - first:+.3f}"]
        rows.append(row + [""] * (len(head) - len(row)))
    return table(head, rows)


def costs_table(study, groups):
    """What the matrices of a model multiply for a token, and what a stream remembers."""
    rows = []
    for group in groups:
        info = study.program.info("--model", group.runs[0].model)
        terms = sum(math.prod(info["tensors"][name + ".weight"])
                    for name in group.results[0]["eval"]["densities"])
        rows.append([f"`{group.variant}`", f"{terms:,}", f"{info['state_numbers']:,}"])
    return table(["variant", "terms of all products of a token", "numbers that a stream remembers"],
                 rows)


def write_report(study, runs, groups):
    """table2.md and its pictures."""
    results = [result for group in groups for result in group.results]
    unit, folder, settings = study.texts.unit, study.folder.path, study.folder.settings
    ngram = ngram_bits(study.texts)
    lines = [
        f"# Bits per {unit}", "", *paragraph(report.SMALL),
        f"![bits per {unit} of each variant](table2.png)", "",
        *report.settings_lines(study, results), *report.missing_lines(runs),
        *results_table(groups, unit, ngram), *paragraph(HOW_MEASURED),
        *(paragraph(PER_CHARACTER) if unit == "byte" else []),
        *(paragraph(NGRAM) if ngram else []),
        "## Time and memory", "", *paragraph(COMPLEXITY), *costs_table(study, groups),
        "## Learning", "", "![bits while learning](curves.png)"]
    write_file(folder / "table2.md", "\n".join(lines).rstrip() + "\n")
    print(folder / "table2.md")
    caption = f"{report.size_text(settings)}{counted(study.steps, 'step')}"
    pyplot = load_pyplot()
    save_bars(pyplot, groups, lambda group: bits(group, "valid"),
              lambda values: mean_text(values, 3), f"bits per {unit}",
              f"Bits per {unit} of text that was not seen: {caption}", folder / "table2.png",
              mark=ngram and (ngram[1], f"byte n-grams, order {ngram[0]}"))
    events_pictures.draw_curves(pyplot, groups, unit, caption, folder / "curves.png")


def run(options):
    """Returns the exit code."""
    complete(options)
    return carry_through(NAME, options, make_runs, order, write_report)
