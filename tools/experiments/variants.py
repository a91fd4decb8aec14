# SPDX-License-Identifier: MIT
"""Experiments that compare the variants, all of one size on equally many tokens: their flags, their
runs, and bars of a figure for each."""
import statistics

from .events_pictures import colour_of
from .flags import add_study_flags
from .pictures import save
from .runs import Run
from .texts import TINY_SHAKESPEARE

# In the order of the tables. The event-driven one has the program's usual cost of events.
SPIKES = {
    "vanilla_rwkv": "none: the twin of numbers",
    "heaviside_rwkv": "steps without memory, added to the residual stream",
    "spikegpt": "LIF neurons, added to the residual stream",
    "spikegpt_b": "the same, and LIF inside channel mixing",
    "spike_driven": "LIF in front of every matrix",
    "event_driven": "graded, in front of every matrix but one of a block"}
VARIANTS = tuple(SPIKES)


def add_variant_flags(parser, name, seeds, variants=VARIANTS, usual=None, texts=TINY_SHAKESPEARE):
    """`usual` are those that are trained where --only names none: some of the variants, or all."""
    add_study_flags(parser, name, seeds, texts=texts)
    what = parser.add_argument_group("what")
    meaning = f" (default {' '.join(usual)})" if usual else ""
    what.add_argument("--only", nargs="+", choices=variants, default=usual or variants,
                      metavar="VARIANT", help=f"some of {', '.join(variants)}{meaning}")


def order(about):
    return VARIANTS.index(about["variant"])


def variant_runs(study, kind=Run):
    """Seed by seed, so that a folder that is stopped early compares all variants."""
    options = study.options
    return [kind(study, f"{variant}-seed{seed}", f"{variant} #{seed}", variant,
                 {"variant": variant, "seed": seed}, ["--variant", variant, "--seed", seed])
            for seed in range(1, 1 + options.seeds)
            for variant in VARIANTS if variant in options.only]


def draw_bars(axes, groups, values_of, text_of):
    """A bar from 0 for the mean of each group, a dot for each seed, the mean as text."""
    for place, group in enumerate(groups):
        values = values_of(group)
        mean = statistics.mean(values)
        axes.barh(place, mean, color=colour_of(group), height=0.62, zorder=2)
        if len(values) > 1:
            axes.plot(values, [place] * len(values), "o", color="black", markersize=3.5,
                      alpha=0.7, zorder=3)
        axes.annotate(text_of(values), (max(values), place), (7, 0), textcoords="offset points",
                      va="center", zorder=4,  # to be read in front of a mark
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    axes.set_yticks(range(len(groups)), [group.label for group in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)  # the first on top
    axes.set_xlim(0, 1.22 * max(max(values_of(group)) for group in groups) or 1.0)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)


def save_bars(pyplot, groups, values_of, text_of, label, title, path, mark=None):
    """`mark` is a value to compare with, and its name."""
    figure, axes = pyplot.subplots(figsize=(9, 1.3 + 0.42 * len(groups)), layout="constrained")
    draw_bars(axes, groups, values_of, text_of)
    if mark:
        axes.axvline(mark[0], linestyle="--", color="black", linewidth=1.2, label=mark[1])
        axes.set_xlim(right=max(axes.get_xlim()[1], 1.05 * mark[0]))
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    axes.set_xlabel(label)
    axes.set_title(title, loc="left")
    save(figure, path)
