# SPDX-License-Identifier: MIT
"""What a token costs: operations and bytes that kernels counted, and both accountings of energy.

Trains the variants briefly, all of one size on equally many tokens, lets `spikegpt energy` count
what each does while it reads text that it has not seen (docs/energy.md), and writes into the folder
of --out:

  energy.md        settings; operations and bytes of a token; energy by the paper's accounting, and
                   as executed, in tables of their own
  operations.png   multiply-adds, additions, and what was left out
  energy.png       energy by each accounting, in panels of their own
"""
import statistics

from . import energy_pictures, report
from .common import counted, mean_text, paragraph, table, write_file
from .flags import complete, whole
from .groups import carry_through
from .jobs import Command
from .runs import Run
from .variants import SPIKES, add_variant_flags, order, variant_runs

NAME = "energy"
PURPOSE = "operations, bytes and energy of a token, counted in the kernels"
EXAMPLES = """examples:
  tools/reproduce energy --minutes 30
  tools/reproduce energy --steps 500 --only spikegpt spike_driven --seeds 1
"""
WHAT_IS_COUNTED = (
    "Of an average token, counted inside the kernels that ran; matrices only, but bytes are of all "
    "weights. Terms: what a dense product multiplies and adds. Bits: on all of the text to measure "
    "on; the better model may be the dearer one.")
ACCOUNTINGS = (
    "The two accountings answer different questions and are never added, subtracted or divided by "
    "one another; docs/energy.md has both. Each has its table.")
PAPER = (
    "Every term of a block counts as an addition that happens at the mean firing rate of the "
    "neurons, whether or not its matrix reads spikes; the head multiplies. A model that does not "
    "spike has no such figure: this accounting does not apply to it.")
EXECUTED = (
    "Every operation that a kernel did, at its price; then the bytes of weights that were read, at "
    "the price of DRAM. Percentages are of a model of that size that multiplies and adds every term.")


class CountedRun(Run):
    """A run whose model is also counted."""

    def further(self, log):
        study = self.study
        words = study.program.words("energy", "--model", self.model, "--data", study.texts.valid,
                                    "--tokens", study.options.tokens, "--json")
        return {"energy": (yield Command(words, log)).result}


def add_flags(parser):
    add_variant_flags(parser, NAME, seeds=2)
    parser.add_argument("--tokens", type=whole, default=256, metavar="N",
                        help="bytes to count over (default 256)")


def totals(group, name):
    return [result["energy"]["total"][name] for result in group.results]


def rates(group):
    return [result["energy"]["firing_rate"] or 0 for result in group.results]


def mean_count(group, name):
    return f"{statistics.mean(totals(group, name)):,.0f}"


def part_text(group, name):
    """A mean in nJ, and its part of all terms as multiply-adds."""
    mine, dense = totals(group, name), totals(group, "dense_pj")
    parts = [100 * a / b for a, b in zip(mine, dense)]
    return [mean_text([pj / 1000 for pj in mine], 1), mean_text(parts, 1, " %")]


def operations_table(groups, unit):
    head = ["variant", "spikes", "seeds", f"bits per {unit}", "terms", "multiply-adds",
            "additions", "left out", "bytes of weights"]
    return table(head, [
        [f"`{group.label}`", SPIKES[group.variant], str(len(group.results)),
         mean_text(group.eval("bits_per_byte"), 3),
         *(mean_count(group, name) for name in ("terms", "multiply_adds", "additions", "skipped",
                                                "weight_bytes"))] for group in groups])


def paper_table(groups):
    return table(["variant", "firing neurons", "nJ", "of all multiply-adds"], [
        [f"`{group.label}`", mean_text([100 * rate for rate in rates(group)], 1, " %"),
         *part_text(group, "paper_pj")] if spikes(group) else [f"`{group.label}`", "", "", ""]
        for group in groups])


def executed_table(groups):
    head = ["variant", "nJ of operations", "of all multiply-adds", "nJ of reading weights"]
    return table(head, [
        [f"`{group.label}`", *part_text(group, "executed_pj"),
         mean_text([pj / 1000 for pj in totals(group, "traffic_pj")], 0)] for group in groups])


def spikes(group):
    return any(rate > 0 for rate in rates(group))


def prices_text(groups):
    prices = groups[0].results[0]["energy"]["picojoules"]
    names = {"multiply_add": "a multiply-add", "addition": "an addition",
             "weight_byte": "a byte of weights"}
    return "Picojoules: " + ", ".join(f"{text} {prices[name]:g}" for name, text in names.items()) + \
        " (45 nm; they order designs, and measure no machine)."


def write_report(study, runs, groups):
    """energy.md and its pictures."""
    results = [result for group in groups for result in group.results]
    counts = report.between([result["energy"]["tokens"] for result in results])
    folder = study.folder.path
    lines = [
        "# What a token costs", "", *paragraph(report.SMALL),
        *report.settings_lines(study, results), *report.missing_lines(runs),
        "## Operations and bytes", "", "![operations of a token](operations.png)", "",
        *operations_table(groups, study.texts.unit),
        *paragraph(f"{WHAT_IS_COUNTED} Counted over {counts} bytes."),
        "## Energy", "", *paragraph(ACCOUNTINGS), *paragraph(prices_text(groups)),
        "![energy of a token](energy.png)", "",
        "### The paper's accounting", "", *paper_table(groups), *paragraph(PAPER),
        "### As executed", "", *executed_table(groups), *paragraph(EXECUTED)]
    write_file(folder / "energy.md", "\n".join(lines).rstrip() + "\n")
    print(folder / "energy.md")
    caption = f"{report.size_text(study.folder.settings)}{counted(study.steps, 'step')}"
    energy_pictures.draw(groups, [group for group in groups if spikes(group)], totals, caption,
                         folder)


def run(options):
    """Returns the exit code."""
    complete(options)
    return carry_through(NAME, options, lambda study: variant_runs(study, CountedRun), order,
                         write_report, own=("tokens",))
