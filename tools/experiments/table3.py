# SPDX-License-Identifier: MIT
"""Perplexity on WikiText-2, from scratch and after pre-training: the SpikeGPT paper's Table 3 in
kind.

Learns a byte-level BPE from the text to learn from, trains models of one size on equally many of
its tokens, one of them after equally many of another text, and writes into the folder of --out:

  table3.md    settings; the table: perplexity per token and per word, bits per byte
  table3.png   perplexity per token, a bar for each kind
  curves.png   bits while learning
"""

from . import events_pictures, report
from .common import counted, mean_text, paragraph, table, write_file
from .flags import add_study_flags, complete, whole
from .groups import carry_through
from .jobs import Command
from .pictures import load_pyplot
from .runs import Run, last_metrics
from .texts import WIKITEXT2
from .tokens import TokenStudy, complete_merges
from .variants import save_bars

NAME = "table3"
PURPOSE = "perplexity from scratch, and after pre-training on another text"
EXAMPLES = """examples:
  tools/reproduce table3 --minutes 60                   three kinds, two seeds, about an hour
  tools/reproduce table3 --minutes 10 --seeds 1
  tools/reproduce table3 --steps 5000 --size 5m --bpe-merges 8000 --out results/table3-5m
  tools/reproduce table3 --minutes 30 --data a.txt --valid b.txt --pretrain c.txt d.txt
"""
LONG_WORD = 50  # bytes: no text with spaces has so many on average
KINDS = (("vanilla_rwkv", False), ("spikegpt", False), ("spikegpt", True))
HOW_MEASURED = (
    "Means over the seeds, ± their sample standard deviation. Perplexity per token compares only "
    "within one vocabulary. A word is what stands between white space, and every end of a line is "
    "one more, as is usual with WikiText; its perplexity is 2 to the power of the bits per byte "
    "times the bytes per word.")
HOW_TRAINED = (
    "Pre-training is as long as training, so that such a model has had twice as much; it then "
    "learns like the others, with the same flags and a schedule of its own. All have the same "
    "vocabulary.")


def add_flags(parser):
    add_study_flags(parser, NAME, texts=WIKITEXT2)
    parser.add_argument("--bpe-merges", type=whole, metavar="N",
                        help="merges of the vocabulary (default 16 for each channel)")


class PretrainedRun(Run):
    """Trains on the other text first, in a folder within its own."""

    trainings = 2

    @property
    def first(self):
        return self.folder / "pretraining"

    def train(self):
        before = (yield self.training(self.first, self.new_model(), "pretrain")).result
        begin = ["--init-from", self.first / "model.safetensors", "--seed", self.about["seed"]]
        after = (yield self.training(self.folder, begin)).result
        return after | {"seconds": before["seconds"] + after["seconds"]}

    def measured_bytes(self):
        return 2 * super().measured_bytes()

    def further(self, log):
        words = self.study.measuring_words(self.first / "model.safetensors")
        return {"before": (yield Command(words, log)).result}

    def position(self):
        """Of both trainings: a step of each is half a step."""
        before, now = last_metrics(self.first / "metrics.csv"), super().position()
        return before and before | now | {
            "step": (before["step"] + now.get("step", 0)) / 2,
            "seconds": before["seconds"] + now.get("seconds", 0)}


def make_run(study, variant, pretrained, seed):
    about = {"variant": variant, "pretrained": pretrained, "seed": seed}
    name, label, kind = (f"{variant}-pretrained", f"{variant}, pre-trained", PretrainedRun) \
        if pretrained else (variant, variant, Run)
    return kind(study, f"{name}-seed{seed}", f"{label} #{seed}", name, about,
                ["--variant", variant, "--seed", seed])


def make_runs(study):
    return [make_run(study, *kind, seed) for seed in range(1, 1 + study.options.seeds)
            for kind in KINDS]


def order(about):
    return KINDS.index((about["variant"], about["pretrained"]))


def count_words(text):
    """What stands between white space, and the ends of lines."""
    return len(text.split()) + text.count(b"\n")


def word_text(text, bits_per_byte):
    """Perplexity per word of the text; nothing where white space parts no words."""
    bytes_per_word = len(text) / max(1, count_words(text))
    if bytes_per_word > LONG_WORD:
        return ""
    return mean_text([2 ** (bits * bytes_per_word) for bits in bits_per_byte], 0)


def row_of(group, trained_on, name, text, more):
    """`name` is of the measurement within a result."""
    measured = [result[name] for result in group.results]
    bits = [losses["bits_per_byte"] for losses in measured]
    return [f"`{group.variant}`", trained_on, str(len(bits)),
            mean_text([losses["perplexity"] for losses in measured], 1),
            word_text(text, bits), mean_text(bits, 3), *more]


def results_table(groups, text):
    head = ["variant", "trained on", "seeds", "perplexity per token", "per word", "bits per byte",
            "parameters", "tokens/s"]
    rows = []
    for group in groups:
        trained_on = "the text"
        if group.about["pretrained"]:
            rows.append(row_of(group, "the other text", "before", text, ["", ""]))
            trained_on = "the other text, then the text"
        rows.append(row_of(group, trained_on, "eval", text,
                           [f"{group.parameters:,}", f"{group.speed:,.0f}"]))
    return table(head, rows)


def settings_lines(study, results):
    settings, names = study.folder.settings, study.texts.names
    words = count_words(study.texts.parts["valid"])
    more = [("vocabulary", f"byte-level BPE of {study.length('merges'):,} merges, from the text to "
                           f"learn from, which has {study.length('data'):,} tokens of it"),
            ("words", f"{words:,} in what is measured on"),
            ("pre-training", f"{settings['steps']} steps on the other text: {names['pretrain']}, "
                             f"{settings['pretrain']['bytes']:,} bytes, "
                             f"{study.length('pretrain'):,} tokens")]
    return report.settings_lines(study, results, more)


def write_report(study, runs, groups):
    """table3.md and its pictures."""
    results = [result for group in groups for result in group.results]
    folder = study.folder.path
    lines = [
        "# Perplexity from scratch and after pre-training", "", *paragraph(report.SMALL),
        "![perplexity of each kind](table3.png)", "",
        *settings_lines(study, results), *report.missing_lines(runs),
        *results_table(groups, study.texts.parts["valid"]), *paragraph(HOW_MEASURED),
        *paragraph(HOW_TRAINED),
        "## Learning", "", "![bits while learning](curves.png)"]
    write_file(folder / "table3.md", "\n".join(lines).rstrip() + "\n")
    print(folder / "table3.md")
    caption = f"{report.size_text(study.folder.settings)}{counted(study.steps, 'step')}"
    pyplot = load_pyplot()
    save_bars(pyplot, groups, lambda group: group.eval("perplexity"),
              lambda values: mean_text(values, 1), "perplexity per token",
              f"Perplexity per token of text that was not seen: {caption}", folder / "table3.png")
    events_pictures.draw_curves(pyplot, groups, "token", caption, folder / "curves.png")


def run(options):
    """Returns the exit code."""
    complete(options)
    complete_merges(options)
    return carry_through(NAME, options, make_runs, order, write_report, own=("bpe_merges",),
                         kind=TokenStudy)
