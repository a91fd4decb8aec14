# SPDX-License-Identifier: MIT
"""The runs of an experiment that differ in nothing but the seed, and how an experiment goes on."""
import statistics

from .common import Problem, counted
from .pictures import check_matplotlib
from .runs import Run
from .study import Study


def site_of(name):
    """blocks.3.att.key -> att.key"""
    return name.split(".", 2)[2] if name.startswith("blocks.") else name


class Group:
    """Runs of one kind that are finished, and their results. `about` is that of the first."""

    def __init__(self, about):
        self.about = about
        self.variant = about["variant"]
        self.cost = about.get("event_cost")
        self.label = self.variant if self.cost is None else f"{self.variant} {self.cost:g}"
        if about.get("pretrained"):
            self.label += ", pre-trained"
        self.runs = []
        self.results = []

    def eval(self, name):
        return [result["eval"][name] for result in self.results]

    @property
    def parameters(self):
        return self.results[0]["train"]["parameters"]

    @property
    def speed(self):
        """Tokens a second in training, a median over the runs."""
        return statistics.median(result["tokens_per_second"] for result in self.results)

    def density(self, site):
        """Of one site, a mean over layers and seeds; None if the models have no such site."""
        values = [value for densities in self.eval("densities")
                  for name, value in densities.items() if site_of(name) == site]
        return statistics.mean(values) if values else None


def finished_groups(study, order):
    """What is finished in the folder, whichever flags it was asked for with. order(about) is the
    same within a group, and sorts them."""
    groups = {}
    for file in sorted(study.folder.path.glob("runs/*/result.json")):
        run = Run(study, file.parent.name, "", "", {}, [])
        result = run.result()
        group = groups.setdefault(order(result["about"]), Group(result["about"]))
        group.runs.append(run)
        group.results.append(result)
    return [groups[key] for key in sorted(groups)]


def carry_through(name, options, make_runs, order, write_report, own=(), kind=Study):
    """Trains, measures, and writes what is finished. Returns the exit code.

    make_runs(study)                    the runs that the options ask for
    order(about)                        as in finished_groups
    write_report(study, runs, groups)   report and pictures
    own                                 as in Study
    kind                                of study
    """
    check_matplotlib()
    study = kind(name, options, own)
    runs = make_runs(study)
    failures = [] if options.report else study.carry_out(runs)
    return conclude(study, runs, failures, finished_groups(study, order), write_report)


def conclude(study, runs, failures, groups, write_report):
    """Reports what is finished, and then what is not. Returns the exit code."""
    if groups:
        write_report(study, runs, groups)
    if failures:
        texts = "\n".join(failure.text() for failure in failures)
        raise Problem(f"{len(failures)} of {counted(len(runs), 'run')} failed\n{texts}")
    if not groups:
        raise Problem(f"nothing is finished in {study.folder.path}")
    return 0
