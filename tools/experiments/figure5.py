# SPDX-License-Identifier: MIT
"""Spikes and membranes of a trained model over a text: the SpikeGPT paper's Figure 5 at small scale.

Trains a model of each variant that spikes, lets `spikegpt spikes` look at its neurons while it
reads text that it has not seen (docs/energy.md, "Which neurons fire"), and writes into the folder
of --out:

  figure5.md           settings; for each model its pictures, and how often each site fires
  runs/*/raster.svg    spikes and charges over the beginning of the text
  runs/*/rates.svg     a bar for each site
"""
import statistics

from . import report
from .common import mean_text, paragraph, table, write_file
from .flags import complete, whole
from .groups import carry_through
from .jobs import Command
from .runs import Run
from .variants import SPIKES, add_variant_flags, order, variant_runs

NAME = "figure5"
PURPOSE = "spikes and membranes of trained models over a text"
EXAMPLES = """examples:
  tools/reproduce figure5 --minutes 10
  tools/reproduce figure5 --minutes 10 --only spikegpt spike_driven --length 120
"""
SPIKING = tuple(variant for variant in SPIKES if variant != "vanilla_rwkv")
HOW_TO_READ = (
    "A row for each neuron and a column for each byte. Charges are membranes before the threshold "
    "(of graded spikes the input in thresholds): blue is below zero, vermilion above.")
HOW_MEASURED = (
    "Rates are those of the whole text that was read, in windows that start at rest, of the first "
    "seed; \"never\" and \"always\" count neurons that did so in all of it.")


class DrawnRun(Run):
    """A run whose model's neurons are also looked at, and drawn."""

    def further(self, log):
        study, options = self.study, self.study.options
        words = study.program.words(
            "spikes", "--model", self.model, "--data", study.texts.valid, "--threads", 1,
            "--raster", self.folder / "raster.svg", "--rates", self.folder / "rates.svg",
            "--length", options.length, "--neurons", options.neurons, "--json")
        return {"spikes": (yield Command(words, log)).result}


def add_flags(parser):
    add_variant_flags(parser, NAME, seeds=1, variants=SPIKING)
    look = parser.add_argument_group("pictures")
    look.add_argument("--length", type=whole, default=80, metavar="N",
                      help="bytes to draw (default 80)")
    look.add_argument("--neurons", type=whole, default=48, metavar="N",
                      help="neurons of a site to draw (default 48)")


def sites_table(result):
    head = ["site", "neurons", "fire", "never", "always", "at the first byte", "at the last"]
    return table(head, [
        [f"`{site['name']}`", str(site["neurons"]), f"{100 * site['rate']:.1f} %",
         str(site["never"]), str(site["always"]), f"{100 * site['positions'][0]:.1f} %",
         f"{100 * site['positions'][-1]:.1f} %"] for site in result["spikes"]["sites"]])


def group_lines(group, unit):
    """A section: the pictures and the sites of the first seed, bits and rate of all."""
    where = f"runs/{group.runs[0].folder.name}"
    rates = [100 * (rate or 0) for rate in group.eval("firing_rate")]
    return [f"## `{group.variant}`", "",
            *paragraph(f"Spikes: {SPIKES[group.variant]}. "
                       f"{mean_text(group.eval('bits_per_byte'), 3)} bits per {unit}, "
                       f"{statistics.mean(rates):.1f} % of the neurons fire."),
            f"![spikes and charges of {group.variant}]({where}/raster.svg)", "",
            f"![firing rates of {group.variant}]({where}/rates.svg)", "",
            *sites_table(group.results[0])]


def write_report(study, runs, groups):
    """figure5.md; the pictures are there."""
    results = [result for group in groups for result in group.results]
    lines = ["# Spikes and membranes over a text", "", *paragraph(report.SMALL),
             *report.settings_lines(study, results), *report.missing_lines(runs),
             *paragraph(HOW_TO_READ), *paragraph(HOW_MEASURED)]
    for group in groups:
        lines += group_lines(group, study.texts.unit)
    path = study.folder.path / "figure5.md"
    write_file(path, "\n".join(lines).rstrip() + "\n")
    print(path)


def run(options):
    """Returns the exit code."""
    complete(options)
    return carry_through(NAME, options, lambda study: variant_runs(study, DrawnRun), order,
                         write_report, own=("length", "neurons"))
