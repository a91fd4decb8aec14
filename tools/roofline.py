# SPDX-License-Identifier: MIT
"""The roofline of kernels (Williams, Waterman & Patterson, 2009), drawn by tools/bench_report.

A point is one kernel at one size: operations a second over operations for each byte that must pass
(bench/support.hpp says what counts). Above it are the roofs of the same run: how fast the probes of
matmul_bench compute in registers, and how fast those of scan_bench pass over caches and memory.
Points and roofs are of one thread and of its processor time, which others on the machine disturb
least.
"""
import itertools
import math
from collections import defaultdict
from typing import NamedTuple

COLOURS = ("#1f6f8b", "#d1495b", "#66a182", "#c98a1b", "#775bb5", "#8c564b", "#e377c2", "#4a4e69",
           "#2e933c")
OUR_MARKERS = "oDv^P*"
PEER_MARKERS = "s<X"
INK = "#444444"
PEAKS = {"probe_fma": "multiply-adds", "probe_add": "additions"}
COLUMNS = 3


class Point(NamedTuple):
    """What tells points apart, operations for each byte, and billions of operations a second."""

    colour: str
    marker: str
    label: str
    x: float
    y: float


def argument(sizes, name):
    """The value of one argument, None without it."""
    return next((int(word.split(":")[1]) for word in sizes if word.startswith(f"{name}:")), None)


def is_ours(who):
    return who.endswith(("one_thread", "two_threads"))


def in_order(runs):
    """Ours before peers, plain kernels before special ones, small before large."""
    def place(item):
        what, who, sizes = item[0]
        return not is_ours(who), len(who), who, what, [int(word.split(":")[1]) for word in sizes]
    return sorted(runs.items(), key=place)


def panels_of(name, runs):
    """Points of one thread, by title of the panel they are in."""
    spikes = any(argument(sizes, "percent") for _, _, sizes in runs)
    panels = defaultdict(list)
    for (what, who, sizes), run in in_order(runs):
        if not run.get("operations") or not run.get("bytes") or who.endswith("two_threads"):
            continue
        rows = argument(sizes, "M")
        title, marker, label = f"{name}, by rows", who, f"{rows}"
        if rows is None:
            title, marker, label = name, " ".join(sizes), what
        elif spikes:
            title = f"{name}, {rows} row{'s' if rows > 1 else ''}, by percent of spikes"
            label = f"{argument(sizes, 'percent') or ''}"
        panels[title].append(Point(what, marker, label, run["operations"] / run["bytes"],
                                   run["operations"] / run["cpu_time"]))
    return panels


def level_of(footprint, caches):
    """The smallest cache that surely holds so many bytes; "memory" if surely none does."""
    sizes = sorted((cache["level"], cache["size"]) for cache in caches
                   if cache["type"] != "Instruction")
    for level, size in sizes:
        if 2 * footprint <= size:
            return f"L{level} cache"
    return "memory" if not sizes or footprint >= 2 * sizes[-1][1] else None


def roofs_of(files):
    """The best of the probes: billions of operations a second by kind, of bytes by level."""
    peaks, bandwidths = defaultdict(float), defaultdict(float)
    for context, runs in files.values():
        for (what, _, _), run in runs.items():
            operations, size = run.get("operations", 0), run.get("bytes", 0)
            if what in PEAKS:
                peaks[PEAKS[what]] = max(peaks[PEAKS[what]], operations / run["cpu_time"])
            elif what.startswith("probe_") and size:
                level = level_of(size, context.get("caches", []))
                bandwidths[level] = max(bandwidths[level], size / run["cpu_time"])
    bandwidths.pop(None, None)
    return dict(peaks), dict(sorted(bandwidths.items(), key=lambda item: item[1]))


def draw_roofs(axes, peaks, bandwidths):
    """Lines with their names; slopes end under the highest peak. Returns what is written."""
    paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}
    left, right = axes.get_xlim()
    bottom, _ = axes.get_ylim()
    highest = max(peaks.values())
    written = []
    for name, peak in peaks.items():
        begin = max(left, peak / max(bandwidths.values()))
        axes.plot((begin, right), (peak, peak), color=INK, linewidth=1.2,
                  linestyle="-" if peak == highest else "--", zorder=1)
        written.append(axes.annotate(f"{name}: {peak:.0f}", (right, peak), (-3, 2), fontsize=8,
                                     textcoords="offset points", ha="right", color=INK, bbox=paper,
                                     zorder=4))
    for name, bandwidth in bandwidths.items():
        axes.plot((left, highest / bandwidth), (left * bandwidth, highest), color=INK,
                  linewidth=1.2, zorder=1)
        x = 1.1 * max(left, bottom / bandwidth)
        if x * bandwidth < highest / 4:
            written.append(axes.text(
                x, x * bandwidth, f"{name}: {bandwidth:.0f} GB/s", fontsize=8, color=INK,
                rotation=math.degrees(math.atan(bandwidth)), rotation_mode="anchor",
                transform_rotates_text=True,
                va="bottom" if bandwidth == max(bandwidths.values()) else "top"))
    return written


def centre(points):
    """The geometric mean of points that differ in shape only."""
    x, y = (math.exp(sum(math.log(p[i]) for p in points) / len(points)) for i in (3, 4))
    return points[0]._replace(x=x, y=y)


def draw_points(axes, points, markers, colours):
    """Small for every shape, large at the mean of shapes, and a line from mean to mean."""
    means = []
    for name, colour in colours.items():
        for kind, marker in markers.items():
            some = [p for p in points if (p.colour, p.marker) == (name, kind)]
            groups = defaultdict(list)
            for p in some:
                groups[p.label].append(p)
            several = [p for group in groups.values() if len(group) > 1 for p in group]
            axes.plot([p.x for p in several], [p.y for p in several], ".", color=colour,
                      markersize=2, alpha=0.5, zorder=2)
            line = [centre(group) for group in groups.values()]
            axes.plot([p.x for p in line], [p.y for p in line], marker=marker, color=colour,
                      markersize=5, linewidth=0.6, alpha=0.9, zorder=3,
                      markerfacecolor=colour if marker in OUR_MARKERS else "white")
            means += line
    return means


def write_labels(figure, axes, written, means, colours):
    """Beside the first mean of each colour and label, where there is room, else not at all."""
    from matplotlib.transforms import Bbox
    renderer = figure.canvas.get_renderer()
    places = axes.transData.transform([(p.x, p.y) for p in means])
    taken = [text.get_window_extent(renderer) for text in written] + \
        [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in places]
    around = [(0, 1), (0, -1), (1, 0.4), (-1, 0.4), (1, -0.5), (-1, -0.5)]
    side = {0: "center", 1: "left", -1: "right"}
    labels = {(p.colour, p.label): p for p in reversed(means) if p.label}
    for p in reversed(labels.values()):
        for distance, (dx, dy) in ((d, place) for d in (7, 10, 14, 19, 25) for place in around):
            note = axes.annotate(p.label, (p.x, p.y), (dx * distance, dy * distance), fontsize=7.5,
                                 textcoords="offset points", color=colours[p.colour], ha=side[dx],
                                 va="center", zorder=5)
            box = note.get_window_extent(renderer)
            inside = axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1 and \
                axes.bbox.y0 < box.y0 and box.y1 < axes.bbox.y1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            note.remove()


def draw_panel(axes, title, points, roofs):
    """Returns what is written, the means, and their colours."""
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.set(xscale="log", yscale="log", xlabel="operations for each byte",
             ylabel="billions of operations a second")
    xs, ys = [p.x for p in points], [p.y for p in points]
    axes.set_xlim(min(xs) / 3, max(xs) * 2)
    axes.set_ylim(min(ys) / 2, 2 * max(*ys, *roofs[0].values()))
    axes.grid(alpha=0.2)
    colours = dict(zip(dict.fromkeys(p.colour for p in points), itertools.cycle(COLOURS)))
    kinds = list(dict.fromkeys(p.marker for p in points))
    ours = [kind for kind in kinds if is_ours(kind) or ":" in kind]  # sizes are of our kernels
    peers = [kind for kind in kinds if kind not in ours]
    markers = dict(zip(ours, itertools.cycle(OUR_MARKERS))) | \
        dict(zip(peers, itertools.cycle(PEER_MARKERS)))
    peaks, bandwidths = roofs
    if "spike" not in title:  # the others mostly multiply as they add
        peaks = {name: peak for name, peak in peaks.items() if peak == max(peaks.values())}
    written = draw_roofs(axes, peaks, bandwidths)
    means = draw_points(axes, points, markers, colours)
    handles = [axes.plot([], [], "s", color=colour, label=name)[0]
               for name, colour in colours.items()]
    handles += [axes.plot([], [], marker, color=INK, label=kind,
                          markerfacecolor="white" if kind in peers else INK)[0]
                for kind, marker in markers.items()]
    axes.legend(handles=handles, frameon=False, fontsize=8, ncol=3, loc="upper center",
                bbox_to_anchor=(0.5, -0.12))
    return written, means, colours


def draw(pyplot, files, path):
    """One panel for each kind of kernel; False without points or without roofs over them."""
    panels = {}
    for name, (_, runs) in files.items():
        panels |= panels_of(name.stem.removesuffix("_bench"), runs)
    roofs = roofs_of(files)
    if not panels or not all(roofs):
        return False
    columns = min(COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    figure, grid = pyplot.subplots(lines, columns, figsize=(6.4 * columns, 6 * lines),
                                   squeeze=False, layout="constrained")
    drawn = [(axes, *draw_panel(axes, title, points, roofs))
             for axes, (title, points) in zip(grid.flat, panels.items())]
    for axes in grid.flat[len(panels):]:
        axes.set_axis_off()
    context = next(iter(files.values()))[0]
    figure.suptitle("One thread" + "".join(f", {context[key]}" for key in ("cpu", "instructions")
                                            if key in context) + f", {context['date'][:10]}")
    figure.canvas.draw()
    for panel in drawn:
        write_labels(figure, *panel)
    figure.savefig(path, dpi=100)
    return True
