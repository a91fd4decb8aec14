# SPDX-License-Identifier: MIT
"""What spikes cost: the ablation of the SpikeGPT paper (arXiv 2302.13939, Table 5) at small scale.

Trains six variants of one model, from no spikes at all to spikes in front of every matrix, with
equally many parameters (event_driven has thresholds besides) on equally many tokens, and measures
bits per character on text that they have not seen. Writes into the folder of --out:

  table5.md    settings, and the table: means over the seeds and their spread
  table5.png   a bar for each variant
  curves.png   bits while learning
"""
import statistics

from . import events_pictures, report
from .common import counted, mean_text, paragraph, table, write_file
from .flags import complete
from .groups import carry_through
from .pictures import load_pyplot
from .variants import SPIKES, add_variant_flags, order, save_bars, variant_runs

NAME = "table5"
PURPOSE = "bits per character of the variants: what spikes cost"
EXAMPLES = """examples:
  tools/reproduce table5 --minutes 60                   six variants, three seeds, about an hour
  tools/reproduce table5 --minutes 10 --only vanilla_rwkv spikegpt spikegpt_b
  tools/reproduce table5 --steps 2000 --size 5m --out results/table5-5m
"""
HOW_MEASURED = (
    "Means over the seeds, ± their sample standard deviation; difference: to the first row. "
    "Learning rates are the program's defaults, which are lower for event_driven; no variant was "
    "tuned for this text.")


def add_flags(parser):
    add_variant_flags(parser, NAME, seeds=3)


def results_table(groups, unit):
    head = ["variant", "spikes", "seeds", f"bits per {unit}", "difference", "parameters",
            "firing neurons", "tokens/s"]
    first = statistics.mean(groups[0].eval("bits_per_byte"))
    rows = []
    for group in groups:
        bits = group.eval("bits_per_byte")
        rates = [100 * (rate or 0) for rate in group.eval("firing_rate")]
        rows.append([f"`{group.variant}`", SPIKES[group.variant], str(len(bits)),
                     mean_text(bits, 3),
                     "" if group is groups[0] else f"{statistics.mean(bits) - first:+.3f}",
                     f"{group.parameters:,}", mean_text(rates, 1, " %") if any(rates) else "",
                     f"{group.speed:,.0f}"])
    return table(head, rows)


def write_report(study, runs, groups):
    """table5.md and its pictures."""
    results = [result for group in groups for result in group.results]
    unit, folder, settings = study.texts.unit, study.folder.path, study.folder.settings
    lines = [
        "# What spikes cost", "", *paragraph(report.SMALL),
        f"![bits per {unit} of each variant](table5.png)", "",
        *report.settings_lines(study, results), *report.missing_lines(runs),
        *results_table(groups, unit), *paragraph(HOW_MEASURED),
        "## Learning", "", "![bits while learning](curves.png)"]
    write_file(folder / "table5.md", "\n".join(lines).rstrip() + "\n")
    print(folder / "table5.md")
    caption = f"{report.size_text(settings)}{counted(study.steps, 'step')}"
    pyplot = load_pyplot()
    save_bars(pyplot, groups, lambda group: group.eval("bits_per_byte"),
              lambda values: mean_text(values, 3), f"bits per {unit}",
              f"Bits per {unit} of text that was not seen: {caption}", folder / "table5.png")
    events_pictures.draw_curves(pyplot, groups, unit, caption, folder / "curves.png")


def run(options):
    """Returns the exit code."""
    complete(options)
    return carry_through(NAME, options, variant_runs, order, write_report)
