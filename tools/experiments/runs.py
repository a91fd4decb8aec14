# SPDX-License-Identifier: MIT
"""One training run: trains a model in a folder of its own, measures it, keeps the result there."""
import csv
import datetime
import statistics

from .common import Problem, read_json, write_json
from .jobs import Command

CURVE_POINTS = 12  # validations on the way
CURVE_TOKENS = 16384  # of the text to validate on; the result is measured on all of it
METRIC_LINES = 500
CHECKPOINTS = 10


def rhythm(steps):
    """Flags of `spikegpt train`: how often to log, to validate and to save. Validations are of
    steps that have a line in the metrics anyway."""
    log = max(1, steps // METRIC_LINES)
    validate = max(1, steps // CURVE_POINTS // log) * log
    return ["--log-every", log, "--eval-every", validate, "--eval-tokens", CURVE_TOKENS,
            "--save-every", max(1, min(250, steps // CHECKPOINTS))]


def read_metrics(path):
    """The lines of a metrics.csv as dictionaries of numbers, but for empty cells."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if None not in row and None not in row.values()]
    return [{name: float(cell) for name, cell in row.items() if cell} for row in rows]


def last_metrics(path):
    """The last line of a metrics.csv that is being written; empty before the first."""
    try:
        with open(path, "rb") as file:
            names = file.readline().decode().strip().split(",")
            begin = file.tell()
            file.seek(0, 2)
            file.seek(max(begin, file.tell() - 8192))
            lines = file.read().decode().split("\n")
    except OSError:
        return {}
    # Behind the last newline is nothing, or a line that is being written.
    cells = lines[-2].split(",") if len(lines) > 1 else []
    if len(cells) != len(names):
        return {}
    return {name: float(cell) for name, cell in zip(names, cells) if cell}


class Run:
    """A training run of a study.

    name     of its folder
    label    for people
    kind     runs of one kind take equally long
    about    what the report wants to know again: JSON
    flags    of `spikegpt train` that only this run has
    """

    trainings = 1  # of equally many steps, one after the other

    def __init__(self, study, name, label, kind, about, flags):
        self.study = study
        self.folder = study.folder.path / "runs" / name
        self.label = label
        self.kind = kind
        self.about = about
        self.flags = flags

    @property
    def model(self):
        return self.folder / "model.safetensors"

    def result(self):
        """What came out, None before the end."""
        return read_json(self.folder / "result.json")

    def work(self):
        """The job: trains, or goes on training, and measures."""
        study, log = self.study, self.folder / "log.txt"
        trained = yield from self.train()
        measured = yield Command(study.measuring_words(self.model), log)
        write_json(self.folder / "result.json", {
            "about": self.about, "train": trained, "eval": measured.result,
            "tokens_per_second": self._speed(), "machine": study.machine,
            "program": {"version": study.program.version, "build": study.program.build},
            "date": datetime.date.today().isoformat()} | (yield from self.further(log)))

    def new_model(self):
        """Flags of `spikegpt train` where there is nothing to go on with."""
        return [*self.study.model_words(), *self.flags]

    def train(self):
        """A generator like work(): returns what the program told of the training."""
        return (yield self.training(self.folder, self.new_model())).result

    def training(self, folder, begin, data="data"):
        """The Command that trains in a folder with these flags, or goes on there."""
        study = self.study
        begun = (folder / "resume.safetensors").exists()
        flags = ["--steps", study.steps, *rhythm(study.steps), *(["--resume"] if begun else begin)]
        return Command(study.training_words(folder, *flags, data=data), self.folder / "log.txt")

    def measured_bytes(self):
        """Of all texts that the model is measured on when it is finished."""
        return len(self.study.texts.parts["valid"])

    def further(self, log):
        """A generator like work() for what else an experiment measures of the finished model:
        returns what joins the result."""
        yield from ()
        return {}

    def position(self):
        """How far it is: step, loss, seconds; empty before the first step."""
        return last_metrics(self.folder / "metrics.csv")

    def curve(self):
        """Steps, and bits on the text to validate on."""
        rows = [row for row in self._metrics() if "valid_bpc" in row]
        return [row["step"] for row in rows], [row["valid_bpc"] for row in rows]

    def _metrics(self):
        try:
            return read_metrics(self.folder / "metrics.csv")
        except (OSError, ValueError) as error:
            raise Problem(f"cannot read {self.folder}/metrics.csv: {error}") from error

    def _speed(self):
        return statistics.median(row["tokens_per_second"] for row in self._metrics())


def seconds_per_step(rows):
    """Of lines of metrics, without the first step, in which memory is new."""
    first, last = rows[0], rows[-1]
    if last["step"] == first["step"]:
        return last["seconds"] / max(1.0, last["step"])
    return (last["seconds"] - first["seconds"]) / (last["step"] - first["step"])
