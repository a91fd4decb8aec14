# SPDX-License-Identifier: MIT
"""The pictures of the experiment events."""
import math
import statistics

from .common import spread
from .pictures import load_pyplot, percent_axis, place_labels, save

COLOURS = {"vanilla_rwkv": "#4a4e69", "heaviside_rwkv": "#8f7a66", "spikegpt": "#1f6f8b",
           "spikegpt_b": "#66a182", "spike_driven": "#c98a1b", "event_driven": "#d1495b",
           "event_driven_post": "#775bb5"}
PRETRAINED = "#62b6cb"
MARKERS = {"event_driven": "o", "event_driven_post": "D"}


def colour_of(group):
    return PRETRAINED if group.about.get("pretrained") else COLOURS[group.variant]


def shades_of(pyplot, groups):
    """A colour for each group: event_driven from pale to dark as its events cost more."""
    costs = [group.cost for group in groups if group.variant == "event_driven"]
    shades = pyplot.get_cmap("Reds")
    return {group: shades(0.5 + 0.45 * costs.index(group.cost) / max(1, len(costs) - 1))
            if group.variant == "event_driven" and len(costs) > 1 else colour_of(group)
            for group in groups}


def between(a, b, steps=24):
    """Points on the way from one to the other, as a logarithmic axis draws it."""
    return [(a[0] * (b[0] / a[0]) ** (i / steps), a[1] + (b[1] - a[1]) * i / steps)
            for i in range(1, steps)]


def error_ends(x, y, dx, dy):
    """Points on the bars of one measurement, which labels keep off."""
    return [(x * (1 + f * dx / x), y) for f in (-1, -0.5, 0.5, 1)] + \
        [(x, y + f * dy) for f in (-1, -0.5, 0.5, 1)]


def draw_front(pyplot, groups, unit, caption, path):
    """Bits over density, with a line through the models of events."""
    figure, axes = pyplot.subplots(figsize=(9, 6), layout="constrained")
    colours = shades_of(pyplot, groups)
    points, labels, obstacles = {}, [], []
    for group in groups:
        density, bits = group.eval("density"), group.eval("bits_per_byte")
        x, y = statistics.mean(density), statistics.mean(bits)
        dx, dy = spread(density) or 0.0, spread(bits) or 0.0
        points[group] = (x, y)
        axes.errorbar(x, y, xerr=dx or None, yerr=dy or None, color=colours[group], capsize=2,
                      linewidth=1, marker=MARKERS.get(group.variant, "s"), markersize=6, zorder=3)
        labels.append([x, y, group.label, colours[group]])
        obstacles += error_ends(x, y, dx, dy)
    front = [points[group] for group in groups if group.variant == "event_driven"]
    if len(front) > 1:
        line, = axes.plot(*zip(*front), color=COLOURS["event_driven"], linewidth=1.5, alpha=0.6)
        line.set_label("event_driven, numbers: event cost")
        axes.legend(frameon=False, loc="best")
        for label in labels:
            label[2] = label[2].removeprefix("event_driven ")
        for a, b in zip(front, front[1:]):
            obstacles += between(a, b)
    densities = [x for x, _ in points.values()]
    low, high = 0.75 * min(densities), min(1.2, 1.3 * max(densities))
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.margins(y=0.1)
    percent_axis(axes.xaxis, low, high)
    axes.set_xlabel("active inputs, share of all multiplications")
    axes.set_ylabel(f"bits per {unit}")
    axes.set_title(f"Bits per {unit} against active inputs: {caption}", loc="left")
    place_labels(axes, labels, obstacles)
    save(figure, path)


def draw_curves(pyplot, groups, unit, caption, path):
    """Bits on the text to validate on, over steps: mean over the seeds, and from best to worst."""
    figure, axes = pyplot.subplots(figsize=(9, 5.5), layout="constrained")
    colours = shades_of(pyplot, groups)
    lines = []
    for group in groups:
        curves = [run.curve() for run in group.runs]
        steps = curves[0][0]
        values = list(zip(*(bits for _, bits in curves)))
        means = [statistics.mean(v) for v in values]
        dashes = {"event_driven": "-", "event_driven_post": "-"}.get(group.variant, "--")
        line, = axes.plot(steps, means, dashes, color=colours[group], linewidth=1.6, marker=".")
        if len(curves) > 1:
            axes.fill_between(steps, [min(v) for v in values], [max(v) for v in values],
                              color=colours[group], alpha=0.15, linewidth=0)
        lines.append((means[-1], line, f"{group.label}: {means[-1]:.3f}"))
    lines.sort(key=lambda entry: -entry[0])  # as they lie at the end, top to bottom
    axes.legend([line for _, line, _ in lines], [text for *_, text in lines], frameon=False,
                loc="upper left", bbox_to_anchor=(1.01, 1.0), title="at the end")
    axes.set_xlabel("step")
    axes.set_ylabel(f"bits per {unit} of the beginning of the text to validate on")
    axes.set_title(f"Learning: {caption}", loc="left")
    save(figure, path)


def draw_densities(pyplot, groups, sites, caption, path):
    """A map: a row for each kind of model, a column for each site and one for all."""
    rows = [[group.density(site) for site in sites] + [statistics.mean(group.eval("density"))]
            for group in groups]
    numbers = [[math.nan if value is None else value for value in row] for row in rows]
    figure, axes = pyplot.subplots(figsize=(9, 1.6 + 0.42 * len(groups)), layout="constrained")
    shown = [[value ** 0.6 for value in row] for row in numbers]  # few percents differ visibly
    axes.imshow(shown, aspect="auto", cmap="Blues", vmin=0, vmax=1.1)
    for i, row in enumerate(numbers):
        for j, value in enumerate(row):
            axes.text(j, i, f"{100 * value:.1f}" if math.isfinite(value) else "", ha="center",
                      va="center", color="white" if value > 0.5 else "black",
                      fontweight="bold" if j == len(sites) else "normal")
    axes.axvline(len(sites) - 0.5, color="white", linewidth=4)
    axes.set_xticks(range(len(sites) + 1), [*sites.values(), "all"])
    axes.set_yticks(range(len(groups)), [group.label for group in groups])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.set_title(f"Active inputs of each matrix, percent: {caption}", loc="left")
    save(figure, path)


def draw(groups, sites, unit, caption, folder):
    """events.png, curves.png, densities.png."""
    pyplot = load_pyplot()
    draw_front(pyplot, groups, unit, caption, folder / "events.png")
    draw_curves(pyplot, groups, unit, caption, folder / "curves.png")
    draw_densities(pyplot, groups, sites, caption, folder / "densities.png")
