# SPDX-License-Identifier: MIT
"""A folder full of classifiers of several sets of labelled texts."""
import shutil
import time

from .budget import RESERVE, most_steps
from .common import Problem, counted, duration_text
from .labelled import ClassRun, ClassTrial, LabelledSet, Prepared
from .jobs import run_jobs
from .program import Program
from .progress import Progress, Watch, makespan
from .study import Folder

LEAST_STEPS = 20
MOST_STEPS = 2000  # the pre-training is a short one, whatever the time
OWN = ("layers", "embd", "bpe_merges", "minutes")  # settings that may not change
CHOSEN = ("steps", "epochs")


class ClassStudy:
    """Settings, program, sets and folder, from the flags of a command line; `runs` asked for."""

    def __init__(self, experiment, options):
        self.options = options
        self.progress = Progress()
        self.program = Program(options.spikegpt)
        self.machine = self.program.machine()
        self.sets = [LabelledSet(path) for path in options.data]
        if len({labelled.name for labelled in self.sets}) < len(self.sets):
            raise Problem("--data: two folders have the same name")
        if options.steps is None and options.minutes is None and \
                not (options.out / "settings.json").exists():
            raise Problem("how long? give --minutes or --steps")
        self.folder = Folder(options.out, experiment, self.progress)
        self._settle(experiment)
        self.prepared = [Prepared(self, labelled) for labelled in self.sets]
        self.runs = [ClassRun(self, prepared, seed) for seed in range(1, 1 + options.seeds)
                     for prepared in self.prepared]

    steps = 1  # of a run, as Watch counts: it is done or it is not

    def results_of(self, labelled):
        """All that is finished of a set, whichever seeds were asked for."""
        paths = self.folder.path.glob(f"runs/{labelled.name}-seed*/result.json")
        seeds = sorted(int(path.parent.name.rpartition("-seed")[2]) for path in paths)
        prepared = Prepared(self, labelled)
        return [ClassRun(self, prepared, seed).result() for seed in seeds]

    def carry_out(self):
        """Trains and measures what is not finished. Returns the failures; raises Stopped."""
        begin = time.monotonic()
        failures = self._run(self.prepared, lambda *_: None)
        if failures:
            return failures
        if self.folder.settings["steps"] is None:
            self._choose(begin)
        todo = [run for run in self.runs if run.result() is None]
        settings = self.folder.settings
        self.progress.note(
            f"{counted(len(self.runs), 'run')}, {len(todo)} to do, {self.options.jobs} at a time: "
            f"{counted(settings['steps'], 'step')} of pre-training, at most "
            f"{counted(settings['epochs'], 'epoch')}")
        return self._run(todo, Watch(self, self.runs, todo)) if todo else []

    def _run(self, jobs, watch):
        try:
            return run_jobs(jobs, self.options.jobs, self.folder.lock, watch)
        finally:
            self.progress.end()

    def _choose(self, begin):
        """Epochs that take half of the minutes at most, then steps for what is left."""
        minutes, folder = self.folder.settings["minutes"], self.folder.path / "measure"
        shutil.rmtree(folder, ignore_errors=True)
        trials = [ClassTrial(ClassRun(self, prepared, 1)) for prepared in self.prepared]
        self.progress.note(f"measuring {counted(len(trials), 'set')}")
        failures = self._run(trials, lambda *_: None)
        if failures:
            raise Problem(failures[0].text())
        shutil.rmtree(folder, ignore_errors=True)
        by_set = {trial.run.kind: trial for trial in trials}

        def duration(steps, epochs):
            return makespan([2 * epochs * by_set[run.kind].epoch + steps * by_set[run.kind].step
                             for run in self.runs], self.options.jobs)
        left = (1 - RESERVE) * 60 * minutes - (time.monotonic() - begin)
        epochs = self.options.epochs
        while epochs > 1 and duration(0, epochs) > left / 2:
            epochs -= 1
        steps = min(MOST_STEPS, most_steps(left, lambda count: duration(count, epochs)))
        if steps < LEAST_STEPS:
            need = (duration(LEAST_STEPS, 1) + time.monotonic() - begin) / (1 - RESERVE)
            raise Problem(f"{minutes:g} minutes are not enough for an epoch of "
                          f"{counted(len(self.runs), 'run')}, which take about "
                          f"{duration_text(need)}; give more --minutes, fewer --seeds, or fewer "
                          "folders")
        self.folder.settings |= {"steps": steps, "epochs": epochs}
        self.folder.save()

    def _settle(self, experiment):
        """Takes the settings of the folder, or begins it with those of the command line."""
        options, old = self.options, self.folder.settings
        prints = {labelled.name: labelled.fingerprint for labelled in self.sets}
        now = {"experiment": experiment, **{name: getattr(options, name) for name in OWN}}
        if old is None or old["steps"] is None:  # nothing was trained
            if old and options.steps is None:
                now["minutes"] = options.minutes or old["minutes"]
            epochs = options.epochs if options.steps else None
            self.folder.settings = now | {"steps": options.steps, "epochs": epochs, "sets": prints}
            self.folder.save()
            return
        changed = [name for name in OWN if now[name] not in (None, old[name])]
        if options.steps is not None:
            changed += [name for name in CHOSEN if getattr(options, name) != old[name]]
        flags = [f"--{name.replace('_', '-')}" for name in changed]
        flags += [f"--data ({name})" for name in prints
                  if old["sets"].get(name, prints[name]) != prints[name]]
        if flags:
            raise Problem(f"{self.folder.path} was begun with other settings: {', '.join(flags)}; "
                          "give another --out, or the old ones to go on")
        old["sets"] |= prints
        self.folder.save()
