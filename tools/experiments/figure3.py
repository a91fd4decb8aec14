# SPDX-License-Identifier: MIT
"""Loss against the number of parameters: the SpikeGPT paper's Figure 3 at small scale.

Trains models of several sizes on equally many tokens of one text, fits a power law

    loss = (N0 / N)^alpha      N parameters, loss in nats per byte on text that was not seen

by least squares of the logarithms, and writes into the folder of --out:

  figure3.md    settings, the table of sizes, the law and how well it fits
  figure3.png   loss over parameters, with the law
"""
import argparse
import math
import statistics
from typing import NamedTuple

from . import report
from .common import counted, mean_text, paragraph, spread, table, write_file
from .events_pictures import COLOURS
from .flags import add_study_flags
from .groups import carry_through
from .pictures import load_pyplot, place_labels, save
from .runs import Run

NAME = "figure3"
PURPOSE = "loss against the number of parameters, and a power law"
EXAMPLES = """examples:
  tools/reproduce figure3 --minutes 60
  tools/reproduce figure3 --minutes 20 --sizes 1x32 2x64 4x128 --seeds 2
  tools/reproduce figure3 --steps 3000 --variant vanilla_rwkv --out results/figure3-rwkv
"""
SIZES = ((1, 32), (2, 48), (2, 80), (3, 112), (4, 160))
VARIANTS = ("vanilla_rwkv", "spikegpt", "spikegpt_b", "spike_driven", "event_driven")
WHAT_IT_SAYS = (
    "All sizes saw equally many tokens with the program's default learning rate for their width, "
    "so that larger models are further from their best than smaller ones, and small models are "
    "mostly tables. The law describes these points; it foretells no larger model.")


class Law(NamedTuple):
    """loss = (scale / N)^alpha; r2 is the explained part of the variance of log(loss)."""
    alpha: float
    scale: float
    r2: float

    def loss(self, parameters):
        return (self.scale / parameters) ** self.alpha


def fit(points):
    """The Law of (parameters, loss); None for less than two sizes or losses without a slope."""
    xs, ys = [math.log(n) for n, _ in points], [math.log(loss) for _, loss in points]
    x_mean, y_mean = statistics.mean(xs), statistics.mean(ys)
    xx = sum((x - x_mean) ** 2 for x in xs)
    yy = sum((y - y_mean) ** 2 for y in ys)
    xy = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys))
    if xx == 0 or xy == 0:
        return None
    slope = xy / xx
    # Extreme slopes have a scale that no float holds.
    exponent = (y_mean - slope * x_mean) / -slope
    return Law(-slope, math.exp(exponent), xy * xy / (xx * yy)) if abs(exponent) < 700 else None


def size(text):
    """"4x128": layers and channels."""
    words = text.split("x")
    if len(words) != 2 or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise argparse.ArgumentTypeError(f"'{text}' is no size such as 4x128")
    return int(words[0]), int(words[1])


def size_name(about):
    return f"{about['layers']}x{about['embd']}"


def add_flags(parser):
    add_study_flags(parser, NAME, sizes=False)
    what = parser.add_argument_group("what")
    what.add_argument("--sizes", nargs="+", type=size, default=SIZES, metavar="LxC",
                      help="layers x channels (default 1x32 2x48 2x80 3x112 4x160)")
    what.add_argument("--variant", choices=VARIANTS, default="spikegpt", metavar="NAME",
                      help=f"one of {', '.join(VARIANTS)} (default spikegpt)")


def make_run(study, layers, embd, seed):
    variant = study.options.variant
    about = {"variant": variant, "layers": layers, "embd": embd, "seed": seed}
    name = f"{variant}-{size_name(about)}"
    flags = ["--variant", variant, "--layers", layers, "--embd", embd, "--seed", seed]
    return Run(study, f"{name}-seed{seed}", f"{name} #{seed}", name, about, flags)


def make_runs(study):
    return [make_run(study, layers, embd, seed) for seed in range(1, 1 + study.options.seeds)
            for layers, embd in sorted(set(study.options.sizes))]


def order(about):
    return VARIANTS.index(about["variant"]), about["layers"] * about["embd"] ** 2, about["embd"]


def losses(group):
    """Nats per byte, one for each seed."""
    return [bits * math.log(2) for bits in group.eval("bits_per_byte")]


def by_variant(groups):
    return {variant: of for variant in VARIANTS
            if (of := [group for group in groups if group.variant == variant])}


def law_of(groups):
    return fit([(group.parameters, statistics.mean(losses(group))) for group in groups])


def sizes_table(groups, unit):
    head = ["variant", "layers x channels", "parameters", "seeds", f"nats per {unit}",
            f"bits per {unit}", "tokens/s"]
    rows = []
    for group in groups:
        rows.append([f"`{group.variant}`", size_name(group.about).replace("x", " x "),
                     f"{group.parameters:,}", str(len(group.results)),
                     mean_text(losses(group), 3), mean_text(group.eval("bits_per_byte"), 3),
                     f"{group.speed:,.0f}"])
    return table(head, rows)


def law_lines(variant, groups):
    law = law_of(groups)
    if law is None:
        return paragraph(f"`{variant}`: no law, which takes several sizes with a slope.")
    return paragraph(f"`{variant}`, {counted(len(groups), 'size')}: loss = ({law.scale:.3g} / N)^"
                     f"{law.alpha:.4f}, R² = {law.r2:.3f} in logarithms.")


def draw(groups, unit, caption, path):
    """Loss over parameters, both logarithmic: means with their spread, and the law."""
    pyplot = load_pyplot()
    figure, axes = pyplot.subplots(figsize=(8, 5.2), layout="constrained")
    labels, obstacles = [], []
    for variant, of in by_variant(groups).items():
        colour, law = COLOURS[variant], law_of(of)
        xs = [group.parameters for group in of]
        for group in of:
            values = losses(group)
            axes.errorbar(group.parameters, statistics.mean(values), yerr=spread(values),
                          color=colour, marker="o", capsize=3, zorder=3)
            labels.append((group.parameters, statistics.mean(values), size_name(group.about),
                           colour))
            obstacles += [(group.parameters, value) for value in values]
        if law:
            ends = [0.8 * min(xs), 1.25 * max(xs)]
            line = [ends[0] * (ends[1] / ends[0]) ** (i / 60) for i in range(61)]
            obstacles += [(n, law.loss(n)) for n in line]
            axes.plot(line, [law.loss(n) for n in line], "--", color=colour, linewidth=1.3,
                      label=f"{variant}: ({law.scale:.3g} / N)^{law.alpha:.3f}, R² {law.r2:.3f}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(x=0.08, y=0.15)
    axes.yaxis.set_major_formatter(lambda loss, _: f"{loss:.2f}")
    axes.yaxis.set_minor_formatter(lambda loss, _: f"{loss:.2f}")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    axes.set_xlabel("parameters N")
    axes.set_ylabel(f"nats per {unit} of text that was not seen")
    axes.set_title(f"Loss against parameters: {caption}", loc="left")
    place_labels(axes, labels, obstacles)
    save(figure, path)


def write_report(study, runs, groups):
    """figure3.md and figure3.png."""
    results = [result for group in groups for result in group.results]
    unit, folder = study.texts.unit, study.folder.path
    lines = ["# Loss against parameters", "", *paragraph(report.SMALL),
             "![loss over parameters](figure3.png)", "", *report.settings_lines(study, results),
             *report.missing_lines(runs), *sizes_table(groups, unit)]
    for variant, of in by_variant(groups).items():
        lines += law_lines(variant, of)
    lines += paragraph(WHAT_IT_SAYS)
    write_file(folder / "figure3.md", "\n".join(lines).rstrip() + "\n")
    print(folder / "figure3.md")
    settings = study.folder.settings
    caption = f"{counted(study.steps, 'step')} of {settings['batch']} x {settings['ctx']}"
    draw(groups, unit, caption, folder / "figure3.png")


def run(options):
    """Returns the exit code."""
    options.layers = options.embd = None  # they differ
    return carry_through(NAME, options, make_runs, order, write_report)
