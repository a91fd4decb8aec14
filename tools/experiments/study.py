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

    symbols = "bytes"  # what ids stand for

    def __init__(self, experiment, options, own=()):
        self.begin = time.monotonic()
        self.options = options
        self.own = own
        self.progress = Progress()
        self.program = Program(options.spikegpt)
        self.machine = self.program.machine()
        self.texts = Texts(options)
        if options.steps is None and options.minutes is None and \
                not (Path(options.out) / "settings.json").exists():
            raise Problem("how long? give --minutes or --steps")
        self.folder = Folder(options.out, experiment, self.progress)
        self._settle(experiment)
        self.texts.prepare(self.folder.path / "texts")

    @property
    def steps(self):
        return self.folder.settings["steps"]

    def learning_files(self, name):
        """What is to be learned from: those of the flag."""
        return self.texts.files[name]

    def length(self, name):
        """Of what is to be learned from, in ids."""
        return self.folder.settings[name]["bytes"]

    def model_words(self):
        """Flags of `spikegpt train` for new models. An experiment whose models differ in size has
        none."""
        return self._setting_words("layers", "embd")

    def training_words(self, folder, *flags, data="data"):
        """A command line of `spikegpt train`: what all runs have, and more flags."""
        return self.program.words(
            "train", "--out", folder, *self._setting_words("ctx", "batch"), "--data",
            *self.learning_files(data), "--valid", self.texts.valid, "--threads", 1, "--json",
            *flags)

    def measuring_words(self, model, data="valid"):
        """A command line of `spikegpt eval` on all of a text."""
        return self.program.words("eval", "--model", model, "--data", *self.texts.files[data],
                                  "--threads", 1, "--json")

    def _setting_words(self, *names):
        settings = self.folder.settings
        return [word for name in names if settings[name] is not None
                for word in (f"--{name}", settings[name])]

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
               "ctx": options.ctx, "batch": options.batch, **self.texts.fingerprints,
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
        flag = f"--{name.replace('_', '-')}"
        if isinstance(old or new, dict):
            text = f"another text of {counted(old['bytes'], 'byte')}" if old else "not given"
            return f"{flag} was {text}"
        return f"{flag} was {'not given' if old is None else f'{old:g}'}, is {new:g}"
