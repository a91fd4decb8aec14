# SPDX-License-Identifier: MIT
"""How pictures look, and labels that do not lie on one another. Needs matplotlib."""
import importlib.util

from .common import Problem, reason

PERCENT_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5,
                 0.7, 1.0)
LABEL_DISTANCES = (9, 18, 30, 45)  # in points
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (0.8, 0.8), (-0.8, 0.8), (0.8, -0.8), (-0.8, -0.8))


def check_matplotlib():
    """Before hours of training rather than after."""
    if importlib.util.find_spec("matplotlib") is None:
        raise Problem("pictures need matplotlib (Debian: apt-get install python3-matplotlib)")


def load_pyplot():
    """pyplot with the looks of tools/plot."""
    check_matplotlib()
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    pyplot.rcParams.update({
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "grid.alpha": 0.25, "axes.titlesize": 11, "axes.titleweight": "bold",
        "axes.titlecolor": "#333333", "font.size": 9})
    return pyplot


def save(figure, path):
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise Problem(f"cannot write {path}: {reason(error)}") from error
    print(path)


def percent_axis(axis, low, high):
    """Ticks of a logarithmic axis of shares between low and high, as percent."""
    axis.set_ticks([tick for tick in PERCENT_TICKS if low <= tick <= high])
    axis.set_ticks([], minor=True)
    axis.set_major_formatter(lambda share, _: f"{100 * share:g} %")


def place_labels(axes, labels, obstacles):
    """Writes labels (x, y, text, colour) near their points, where nothing else is: no point, no
    legend, none of the obstacles, which are further points (x, y), as of lines."""
    from matplotlib.transforms import Bbox
    axes.figure.canvas.draw()
    scale = axes.figure.dpi / 72
    whole = axes.get_window_extent()

    def box_at(x, y, radius):
        return Bbox([axes.transData.transform((x, y))] * 2).padded(radius * scale)

    taken = [box_at(x, y, 5) for x, y, *_ in labels] + [box_at(x, y, 2) for x, y in obstacles]
    if axes.get_legend():
        taken.append(axes.get_legend().get_window_extent())
    for x, y, text, colour in labels:
        for offset in ((dx * d, dy * d) for d in LABEL_DISTANCES for dx, dy in DIRECTIONS):
            note = annotate(axes, (x, y), offset, text, colour)
            box = Bbox(note.get_window_extent()).padded(1.5 * scale)
            inside = whole.containsx(box.x0) and whole.containsx(box.x1) and \
                whole.containsy(box.y0) and whole.containsy(box.y1)
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            note.remove()
        else:
            annotate(axes, (x, y), (LABEL_DISTANCES[0], 0), text, colour)


def annotate(axes, point, offset, text, colour):
    """A label beside its point, with a thin line if it is far."""
    far = max(map(abs, offset)) > LABEL_DISTANCES[1]
    across, along = ((v > 0) - (v < 0) for v in offset)
    return axes.annotate(
        text, point, offset, textcoords="offset points", color=colour,
        ha={1: "left", 0: "center", -1: "right"}[across],
        va={1: "bottom", 0: "center", -1: "top"}[along],
        arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6} if far else None)
