# SPDX-License-Identifier: MIT
"""Folders of labelled texts, and classifiers of them: from scratch, and after a short pre-training.

A folder has train.tsv and valid.tsv, perhaps test.tsv, with lines label<TAB>text.
"""
import collections
import datetime
import hashlib

from .common import Problem, read_json, write_json
from .jobs import Command
from .runs import read_metrics, seconds_per_step
from .texts import read

WAYS = ("scratch", "pretrained")
PRETRAIN_CTX = 64


class LabelledSet:
    """A folder's texts. What is reported is measured on test.tsv, on valid.tsv without one."""

    def __init__(self, path):
        self.path = path.resolve()
        self.name = self.path.name
        self.train = self.path / "train.tsv"
        self.valid = self.path / "valid.tsv"
        test = self.path / "test.tsv"
        self.measured = test if test.is_file() else self.valid
        self.lines = {file.name: self._lines(file)
                      for file in (self.train, self.valid, self.measured)}
        content = b"".join(read(self.path / name) for name in sorted(self.lines))
        self.fingerprint = hashlib.sha256(content).hexdigest()

    def labels(self, file):
        return [label for label, _ in self.lines[file.name]]

    def majority(self):
        """The accuracy of always saying what is most frequent in training."""
        most = collections.Counter(self.labels(self.train)).most_common(1)[0][0]
        labels = self.labels(self.measured)
        return labels.count(most) / len(labels)

    def texts(self):
        """Those to learn from without their labels, a line each."""
        return "".join(text + "\n" for _, text in self.lines[self.train.name])

    @staticmethod
    def _lines(file):
        pairs = []
        for number, line in enumerate(read(file).decode("utf-8", "replace").split("\n"), 1):
            if not line.strip():
                continue
            label, tab, text = line.partition("\t")
            if not tab:
                raise Problem(f"{file}:{number}: a line label<TAB>text was expected, there is no tab")
            pairs.append((label, text.rstrip("\r")))
        if not pairs:
            raise Problem(f"there are no texts in {file}")
        return pairs


class Prepared:
    """A job: the vocabulary of a set, which all of its runs share, and its text."""

    def __init__(self, study, labelled):
        self.study = study
        self.labelled = labelled
        self.label = f"vocabulary of {labelled.name}"
        self.folder = study.folder.path / "texts" / labelled.name
        self.text = self.folder / "text.txt"
        self.vocabulary = self.folder / "bpe.json"
        self.made_of = {"bpe_merges": study.folder.settings["bpe_merges"],
                        "set": labelled.fingerprint}

    def work(self):
        note = self.folder / "made_of.json"
        if self.vocabulary.exists() and read_json(note) == self.made_of:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # What is replaced now counts for nothing until all of it is there.
        note.unlink(missing_ok=True)
        self.text.write_text(self.labelled.texts(), encoding="utf-8")
        yield Command(self.study.program.words(
            "tokenize", "--data", self.text, "--train-bpe", self.made_of["bpe_merges"],
            "--out", self.vocabulary, "--json"), self.folder / "log.txt")
        write_json(note, self.made_of)


class ClassRun:
    """A job: one set, one seed, both ways. Its words are those of the trial, too."""

    def __init__(self, study, prepared, seed):
        self.study = study
        self.prepared = prepared
        self.labelled = prepared.labelled
        self.seed = seed
        self.kind = self.labelled.name
        self.label = f"{self.kind} #{seed}"
        self.folder = study.folder.path / "runs" / f"{self.kind}-seed{seed}"

    def result(self):
        """What came out, None before the end."""
        return read_json(self.folder / "result.json")

    def position(self):
        """Empty: a run is short, and has no line of metrics for all of it."""
        return {}

    def size_words(self):
        settings = self.study.folder.settings
        return ["--vocab", self.prepared.vocabulary, "--layers", settings["layers"],
                "--embd", settings["embd"]]

    def classify_words(self, out, epochs, *more):
        return self.study.program.words(
            "classify", "train", "--data", self.labelled.train, "--valid", self.labelled.valid,
            "--out", out, "--epochs", epochs, "--seed", self.seed, "--threads", 1, "--json", *more)

    def pretrain_words(self, out, *more):
        return self.study.program.words(
            "train", "--data", self.prepared.text, "--out", out, "--variant", "spikegpt",
            *self.size_words(), "--binary-embedding", "off", "--ctx", PRETRAIN_CTX, "--seed",
            self.seed, "--eval-tokens", 4096, "--threads", 1, "--json", *more)

    def work(self):
        study, log, language = self.study, self.folder / "log.txt", self.folder / "language"
        settings = study.folder.settings
        self.folder.mkdir(parents=True, exist_ok=True)
        resume = ["--resume"] if (language / "resume.safetensors").exists() else []
        pretraining = yield Command(
            self.pretrain_words(language, "--steps", settings["steps"], *resume), log)
        starts = {"scratch": self.size_words(),
                  "pretrained": ["--init-from", language / "model.safetensors"]}
        ways = {}
        seconds = pretraining.seconds
        for way in WAYS:
            model = self.folder / f"{way}.safetensors"
            trained = yield Command(
                self.classify_words(model, settings["epochs"], *starts[way]), log)
            measured = yield Command(study.program.words(
                "classify", "eval", "--model", model, "--data", self.labelled.measured,
                "--threads", 1, "--json"), log)
            seconds += trained.seconds + measured.seconds
            ways[way] = {"train": trained.result, "eval": measured.result}
        write_json(self.folder / "result.json", {
            "about": {"set": self.kind, "seed": self.seed}, "train": {"seconds": seconds},
            "pretraining": pretraining.result, "ways": ways, "machine": study.machine,
            "program": {"version": study.program.version, "build": study.program.build},
            "date": datetime.date.today().isoformat()})


class ClassTrial:
    """A job that tells how long an epoch of a set and a step of pre-training take."""

    SECONDS = 3.0

    def __init__(self, run):
        self.run = run
        self.label = f"measuring {run.kind}"
        self.folder = run.study.folder.path / "measure" / run.kind
        self.epoch = self.step = None

    def work(self):
        log, language = self.folder / "log.txt", self.folder / "language"
        self.folder.mkdir(parents=True, exist_ok=True)
        trained = yield Command(self.run.classify_words(
            self.folder / "model.safetensors", 1, *self.run.size_words()), log)
        self.epoch = trained.seconds
        yield Command(self.run.pretrain_words(
            language, "--minutes", f"{self.SECONDS / 60:.4f}", "--save-every", 10**8,
            "--eval-every", 10**8), log)
        self.step = seconds_per_step(read_metrics(language / "metrics.csv"))
