# SPDX-License-Identifier: MIT
"""Bits per character against the share of multiplications whose input is not 0.

Trains event-driven models at several costs of events beside the other variants, all of one size on
equally many tokens, and writes into the folder of --out:

  events.md       settings, and the table: density, bits, speed, each site's density
  events.png      bits over density
  curves.png      bits while learning
  densities.png   density of every site
"""

from . import events_pictures, report
from .common import counted, mean_text, paragraph, table, write_file
from .flags import add_study_flags, amount, complete
from .groups import carry_through, site_of
from .runs import Run

NAME = "events"
PURPOSE = "bits per character against the density of active inputs"
EXAMPLES = """examples:
  tools/reproduce events --minutes 60                  all kinds, two seeds, about an hour
  tools/reproduce events --steps 2000 --size 5m --out results/events-5m
  tools/reproduce events --steps 2000 --only event_driven --event-costs 0.2 2 --seeds 1
"""
PLAIN = ("vanilla_rwkv", "spikegpt", "spikegpt_b", "spike_driven")
VARIANTS = (*PLAIN, "event_driven", "event_driven_post")
EVENT_COSTS = (0.05, 0.2, 0.5, 1.0, 2.0)
POST_COST = 0.2
SITES = {"att.key": "k", "att.value": "v", "att.receptance": "r", "att.output": "o",
         "ffn.key": "ffn k", "ffn.receptance": "ffn r", "ffn.value": "ffn v", "head": "head"}
HOW_MEASURED = (
    "Active inputs: the share of all multiplications of a token whose input was not 0. Means over "
    "the seeds, ± their sample standard deviation. Tokens per second: while training, beside other "
    "runs on the same machine, median over steps.")
WHICH_SITES = (
    "Means over layers and seeds, in the order of a block: what W_k, W_v, W_r and W_o of time "
    "mixing read, then W_k, W_r and W_v of channel mixing, then the head.")


def add_flags(parser):
    add_study_flags(parser, NAME)
    what = parser.add_argument_group("what")
    what.add_argument("--only", nargs="+", choices=VARIANTS, metavar="VARIANT",
                      help=f"some of {', '.join(VARIANTS)}")
    what.add_argument("--event-costs", nargs="+", type=amount, default=EVENT_COSTS, metavar="X",
                      help="of event_driven (default 0.05 0.2 0.5 1 2)")


def kinds(options):
    """Variants with their event costs, None where there are no events."""
    costs = {"event_driven": sorted(set(options.event_costs)), "event_driven_post": [POST_COST]}
    return [(variant, cost) for variant in VARIANTS if not options.only or variant in options.only
            for cost in costs.get(variant, [None])]


def make_run(study, variant, cost, seed):
    about = {"variant": variant, "event_cost": cost, "seed": seed}
    flags = ["--variant", variant, "--seed", seed]
    name, label = variant, variant
    if cost is not None:
        flags += ["--event-cost", f"{cost:g}"]
        name, label = f"{variant}-{cost:g}", f"{variant} {cost:g}"
    return Run(study, f"{name}-seed{seed}", f"{label} #{seed}", variant, about, flags)


def order(about):
    return VARIANTS.index(about["variant"]), about["event_cost"] or 0.0


def results_table(groups, unit):
    head = ["variant", "event cost", "seeds", "active inputs", f"bits per {unit}", "parameters",
            "tokens/s"]
    rows = []
    for group in groups:
        rows.append([f"`{group.variant}`", "" if group.cost is None else f"{group.cost:g}",
                     str(len(group.results)),
                     mean_text([100 * density for density in group.eval("density")], 2, " %"),
                     mean_text(group.eval("bits_per_byte"), 3),
                     f"{group.parameters:,}", f"{group.speed:,.0f}"])
    return table(head, rows)


def shares(study, groups):
    """The part of all multiplications that each site has."""
    tensors = study.program.info("--model", groups[0].runs[0].model)["tensors"]
    work = dict.fromkeys(SITES, 0)
    for name in groups[0].results[0]["eval"]["densities"]:
        outputs, inputs = tensors[name + ".weight"]
        work[site_of(name)] += outputs * inputs
    return {site: part / sum(work.values()) for site, part in work.items()}


def density_table(groups, parts):
    rows = [["share of all multiplications", *(f"{100 * parts[site]:.1f} %" for site in SITES)]]
    for group in groups:
        densities = [group.density(site) for site in SITES]
        rows.append([f"`{group.label}`"]
                    + ["" if d is None else f"{100 * d:.1f} %" for d in densities])
    return table(["", *SITES.values()], rows)


def write_report(study, runs, groups):
    """events.md and its pictures."""
    results = [result for group in groups for result in group.results]
    unit = study.texts.unit
    lines = [
        f"# Bits per {unit} against active inputs", "", *paragraph(report.SMALL),
        f"![bits per {unit} over density](events.png)", "", *report.settings_lines(study, results),
        *report.missing_lines(runs),
        *results_table(groups, unit),
        *paragraph(HOW_MEASURED),
        "## Learning", "", "![bits while learning](curves.png)", "",
        "## Where inputs are active", "", "![density of every site](densities.png)", "",
        *paragraph(WHICH_SITES),
        *density_table(groups, shares(study, groups))]
    folder = study.folder.path
    write_file(folder / "events.md", "\n".join(lines).rstrip() + "\n")
    print(folder / "events.md")
    caption = f"{report.size_text(study.folder.settings)}{counted(study.steps, 'step')}"
    events_pictures.draw(groups, SITES, unit, caption, folder)


def run(options):
    """Returns the exit code."""
    complete(options)

    def make_runs(study):
        return [make_run(study, variant, cost, seed) for seed in range(1, 1 + options.seeds)
                for variant, cost in kinds(options)]
    return carry_through(NAME, options, make_runs, order, write_report)
