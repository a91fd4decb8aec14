# SPDX-License-Identifier: MIT
"""The line that moves, and what is to come of it."""
import heapq
import shutil
import statistics
import sys
import time

from .common import counted, duration_text

SECONDS_BETWEEN = {True: 0.3, False: 30.0}  # lines on a terminal, in a file


def makespan(durations, at_once):
    """When the last of jobs is done that are taken in order, so many at once."""
    free = [0.0] * at_once
    for duration in durations:
        heapq.heapreplace(free, free[0] + duration)
    return max(free)


class Progress:
    """Lines that stay and, on a terminal, a last one that changes; all on standard error."""

    def __init__(self):
        self.terminal = sys.stderr.isatty()
        self.next = time.monotonic() + (0 if self.terminal else SECONDS_BETWEEN[False])
        self.open = False

    def note(self, text):
        """A line that stays."""
        self.end(erase=True)
        self._write(text + "\n")

    def show(self, make_text):
        """Now and then calls make_text() and shows what it returns."""
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + SECONDS_BETWEEN[self.terminal]
        if self.terminal:
            self._write("\r" + make_text()[:shutil.get_terminal_size().columns - 1] + "\x1b[K")
        else:
            self._write(make_text() + "\n")
        self.open = self.terminal

    def end(self, erase=False):
        if self.open:
            self._write("\r\x1b[K" if erase else "\n")
        self.open = False

    @staticmethod
    def _write(text):
        """A terminal may be gone while the work goes on."""
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            pass


class Watch:
    """Tells how far the runs of a study are; what run_jobs calls."""

    def __init__(self, study, runs, todo):
        self.study = study
        self.all = len(runs)
        self.done = self.all - len(todo)
        self.per_step = dict(study.folder.settings.get("seconds_per_step", {}))
        for run in runs:
            if run not in todo:
                self._learn(run)

    def __call__(self, waiting, workers, ended):
        for run in ended:
            self.done += 1
            seconds = self._learn(run)
            self.study.progress.note(
                f"{self.done} of {self.all}: {run.label}, {duration_text(seconds)}")
        active = [worker.job for worker in workers]
        self.study.progress.show(lambda: self._status(active, list(waiting)))

    def _learn(self, run):
        """How fast its kind is; returns how long it took to train."""
        seconds = run.result()["train"]["seconds"]
        self.per_step[run.kind] = seconds / self.study.steps
        return seconds

    def _status(self, active, waiting):
        fields, left = [], []
        for run in active:
            at = run.position()
            if at:
                self.per_step[run.kind] = at["seconds"] / at["step"]
            fields.append(f"{run.label} {at['step']:.0f}/{self.study.steps} loss {at['loss']:.2f}"
                          if at else f"{run.label} begins")
            left.append((run.kind, self.study.steps - at.get("step", 0)))
        left += [(run.kind, self.study.steps) for run in waiting]
        head = [f"{self.done} of {counted(self.all, 'run')}", f"ETA {self._eta(left)}"]
        return "  ".join(head + fields)

    def _eta(self, left):
        """Of kinds and steps to come; a kind that has not run yet is like the others."""
        if not self.per_step:
            return "?"
        usual = statistics.mean(self.per_step.values())
        return duration_text(makespan([steps * self.per_step.get(kind, usual)
                                       for kind, steps in left], self.study.options.jobs))
