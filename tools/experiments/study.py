# SPDX-License-Identifier: MIT
"""A folder full of training runs that differ in little, and the settings they have in common."""
import fcntl
import os
import time
from pathlib import Path

from .budget import choose_steps
from .common import Problem, counted, read_json, reason, write_json
from .jobs import run_jobs
from .program import Program
from .progress import Progress, Watch
from .texts import Texts

SECONDS_TO_WAIT = 15.0  # for programs of an earlier start that are saving


class Folder:
    """Where results go. One start at a time: the lock is held as long as a program of it lives."""

    def __init__(self, path, experiment, progress):
        self.path = Path(path)
        self.settings_file = self.path / "settings.json"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise Problem(f"cannot make the folder {self.path}: {reason(error)}") from error
        self._take(progress)
        self.settings = read_json(self.settings_file)
        if self.settings is None and any(self.path.iterdir()):
            raise Problem(f"{self.path} is neither empty nor of this program; give another --out")
        if self.settings and self.settings.get("experiment") != experiment:
            raise Problem(f"{self.path} has results of {self.settings.get('experiment')}; "
                          "give another --out")

    def _take(self, progress):
        end = time.monotonic() + SECONDS_TO_WAIT
        told = False
        while True:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Problem(f"another start is at work in {self.path}; wait for its end, "
                                  "stop it, or give another --out") from None
            if not told:
                progress.note(f"waiting for what still runs in {self.path}")
                told = True
            time.sleep(0.1)

    def save(self):
        write_json(self.settings_file, self.settings)


class Study:
    """Settings, program, texts and folder of an experiment, from the flags of its command line.
    `own` are those numbers among them that only this experiment has."""

    def __init__(self, experiment, options, own=()):
        self.options = options
        self.own = own
        self.progress = Progress()
        self.program = Program(options.spikegpt)
        self.machine = self.program.machine()
        self.texts = Texts(options.data, options.valid)
        if options.steps is None and options.minutes is None and \
                not (Path(options.out) / "settings.json").exists():
            raise Problem("how long? give --minutes or --steps")
        self.folder = Folder(options.out, experiment, self.progress)
        self._settle(experiment)
        self.texts.prepare(self.folder.path / "texts")

    @property
    def steps(self):
        return self.folder.settings["steps"]

    def training_words(self, folder, *flags):
        """A command line of `spikegpt train`: what all runs have, and more flags. An experiment
        whose models differ in size gives layers and channels there."""
        sizes = [word for name in ("layers", "embd", "ctx", "batch")
                 if self.folder.settings[name] is not None
                 for word in (f"--{name}", self.folder.settings[name])]
        return self.program.words("train", "--out", folder, *sizes, "--data", *self.texts.data,
                                  "--valid", self.texts.valid, "--threads", 1, "--json", *flags)

    def measuring_words(self, model):
        """A command line of `spikegpt eval` on all of the text to validate on."""
        return self.program.words("eval", "--model", model, "--data", self.texts.valid,
                                  "--threads", 1, "--json")

    def carry_out(self, runs):
        """Trains and measures what is not finished. Returns the failures; raises Stopped."""
        if self.steps is None:
            minutes = self.folder.settings["minutes"]
            steps, seconds = choose_steps(self, runs, minutes)
            self.folder.settings |= {"steps": steps, "seconds_per_step": seconds}
            self.folder.save()
        todo = [run for run in runs if run.result() is None]
        self.progress.note(f"{counted(len(runs), 'run')} of {counted(self.steps, 'step')}, "
                           f"{len(todo)} to do, {self.options.jobs} at a time")
        return self.run_jobs(todo, Watch(self, runs, todo)) if todo else []

    def run_jobs(self, jobs, watch):
        try:
            return run_jobs(jobs, self.options.jobs, self.folder.lock, watch)
        finally:
            self.progress.end()

    def _settle(self, experiment):
        """Takes the settings of the folder, or begins it with those of the command line."""
        options, old = self.options, self.folder.settings
        now = {"experiment": experiment, "layers": options.layers, "embd": options.embd,
               "ctx": options.ctx, "batch": options.batch,
               "data": self.texts.fingerprints["data"], "valid": self.texts.fingerprints["valid"],
               **{name: getattr(options, name) for name in self.own}}
        if old is None or old["steps"] is None:  # nothing was trained
            minutes = options.minutes
            if old and options.steps is None:
                minutes = minutes or old["minutes"]
            self.folder.settings = now | {"minutes": minutes, "steps": options.steps}
            self.folder.save()
            return
        changes = [self._change(name, old.get(name), value)
                   for name, value in now.items() if value != old.get(name)]
        if options.steps is not None and options.steps != old["steps"]:
            changes.append(self._change("steps", old["steps"], options.steps))
        if options.minutes is not None and options.minutes != old["minutes"]:
            changes.append(self._change("minutes", old["minutes"], options.minutes))
        if changes:
            raise Problem(f"{self.folder.path} was begun with other settings: "
                          f"{', '.join(changes)}; give another --out, or the old ones to go on")

    @staticmethod
    def _change(name, old, new):
        if name in ("data", "valid"):
            return f"--{name} was another text of {counted(old['bytes'], 'byte')}"
        return f"--{name} was {'not given' if old is None else f'{old:g}'}, is {new:g}"
