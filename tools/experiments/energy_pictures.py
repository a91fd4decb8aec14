# SPDX-License-Identifier: MIT
"""The pictures of the experiment energy."""
import statistics

from .common import mean_text
from .pictures import load_pyplot, save
from .variants import draw_bars

OPERATIONS = {"multiply_adds": ("multiply-adds", "#1f6f8b"), "additions": ("additions", "#e9a23b"),
              "skipped": ("left out", "#dddddd")}


def draw_operations(pyplot, groups, totals, caption, path):
    """A bar for each variant: what became of its terms."""
    figure, axes = pyplot.subplots(figsize=(9, 1.6 + 0.42 * len(groups)), layout="constrained")
    ends = [0.0] * len(groups)
    for name, (label, colour) in OPERATIONS.items():
        counts = [statistics.mean(totals(group, name)) for group in groups]
        axes.barh(range(len(groups)), counts, left=ends, color=colour, height=0.62, label=label,
                  zorder=2)
        ends = [end + count for end, count in zip(ends, counts)]
    axes.set_yticks(range(len(groups)), [group.label for group in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
    axes.set_xlabel("terms of a token's products")
    axes.set_title(f"Operations of a token: {caption}", loc="left")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    save(figure, path)


def draw_energy(pyplot, groups, spiking, totals, caption, path):
    """One panel an accounting, each with a scale of its own: they do not compare."""
    panels = [("as executed: operations", groups, "executed_pj"),
              ("as executed: weights from memory", groups, "traffic_pj")]
    if spiking:
        panels.insert(0, ("the paper's accounting", spiking, "paper_pj"))
    figure, all_axes = pyplot.subplots(
        len(panels), 1, figsize=(9, sum(0.9 + 0.36 * len(of) for _, of, _ in panels)),
        layout="constrained", gridspec_kw={"height_ratios": [1 + len(of) for _, of, _ in panels]})
    for axes, (title, of, name) in zip(all_axes, panels):
        draw_bars(axes, of, lambda group, name=name: [pj / 1000 for pj in totals(group, name)],
                  lambda values: mean_text(values, 1 if statistics.mean(values) < 1000 else 0))
        axes.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
        axes.set_xlabel("nJ for a token")
        axes.set_title(title, loc="left")
    figure.suptitle(f"Energy of a token by two accountings that do not compare: {caption}",
                    fontsize=11, fontweight="bold", color="#333333")
    save(figure, path)


def draw(groups, spiking, totals, caption, folder):
    """operations.png, energy.png."""
    pyplot = load_pyplot()
    draw_operations(pyplot, groups, totals, caption, folder / "operations.png")
    draw_energy(pyplot, groups, spiking, totals, caption, folder / "energy.png")
