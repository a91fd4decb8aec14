# SPDX-License-Identifier: MIT
"""How many steps a number of minutes is good for: every kind of run is tried out for seconds."""
import shutil
import time

from .common import Problem, counted, duration_text
from .jobs import Command
from .progress import makespan
from .runs import CHECKPOINTS, CURVE_POINTS, CURVE_TOKENS, read_metrics, seconds_per_step

RESERVE = 0.1  # of the time: machines and models change their speed
LEAST_STEPS = 20
MOST_STEPS = 10**8


class Trial:
    """A job that tells how long a step, a checkpoint and an evaluation of one kind of run take."""

    def __init__(self, study, run, seconds):
        self.study = study
        self.run = run
        self.label = f"measuring {run.kind}"
        self.seconds = seconds
        self.folder = study.folder.path / "measure" / run.kind
        self.per_step = self.checkpoint = self.evaluation = self.tokens = None

    def work(self):
        study, log = self.study, self.folder / "log.txt"
        flags = ["--minutes", f"{self.seconds / 60:.4f}", "--eval-tokens", 1024, "--eval-every",
                 MOST_STEPS, "--save-every", MOST_STEPS, *self.run.new_model()]
        trained = yield Command(study.training_words(self.folder, *flags), log)
        rows = read_metrics(self.folder / "metrics.csv")
        self.per_step = seconds_per_step(rows)
        # One before the first step and one behind the last; the program's start is small.
        self.checkpoint = max(0.0, trained.seconds - rows[-1]["seconds"]) / 2
        words = study.measuring_words(self.folder / "model.safetensors")
        measured = yield Command(words, log)
        self.evaluation, self.tokens = measured.seconds, measured.result["tokens"]


def seconds_of(run, steps, trial, valid_bytes):
    """Training, validations on the way with the best model kept, and evaluations at the end."""
    share = min(1.0, CURVE_TOKENS / trial.tokens)
    training = steps * trial.per_step + (CHECKPOINTS + CURVE_POINTS) * trial.checkpoint + \
        CURVE_POINTS * share * trial.evaluation
    return run.trainings * training + run.measured_bytes() / valid_bytes * trial.evaluation


def most_steps(seconds, duration_of_all):
    """The largest number for which duration_of_all(number) is within the seconds, three digits."""
    low, high = 0, MOST_STEPS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if duration_of_all(middle) <= seconds else (low, middle - 1)
    unit = 10 ** max(0, len(str(low)) - 3)
    return low // unit * unit


def choose_steps(study, runs, minutes):
    """Measures and computes. Returns the steps, and the seconds of a step by kind."""
    folder = study.folder.path / "measure"
    shutil.rmtree(folder, ignore_errors=True)
    each = min(6.0, max(1.0, 0.02 * 60 * minutes))
    trials = [Trial(study, run, each) for run in {run.kind: run for run in runs}.values()]
    study.progress.note(f"measuring {counted(len(trials), 'kind')} of runs")
    failures = study.run_jobs(trials, lambda *_: None)
    if failures:
        raise Problem(failures[0].text())
    shutil.rmtree(folder, ignore_errors=True)
    by_kind = {trial.run.kind: trial for trial in trials}
    valid_bytes = len(study.texts.parts["valid"])

    def duration(steps):
        durations = [seconds_of(run, steps, by_kind[run.kind], valid_bytes) for run in runs]
        return makespan(durations, study.options.jobs)

    left = (1 - RESERVE) * 60 * minutes - (time.monotonic() - study.begin)
    steps = most_steps(left, duration)
    if steps < LEAST_STEPS:
        need = (duration(LEAST_STEPS) + time.monotonic() - study.begin) / (1 - RESERVE)
        raise Problem(f"{minutes:g} minutes are not enough for {LEAST_STEPS} steps of "
                      f"{counted(len(runs), 'run')}, which take about {duration_text(need)}; give "
                      "more --minutes, fewer --seeds, or fewer or smaller models")
    study.progress.note(f"{steps} steps each, about {duration_text(duration(steps))} in all")
    return steps, {kind: trial.run.trainings * trial.per_step for kind, trial in by_kind.items()}
