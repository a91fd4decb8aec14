# SPDX-License-Identifier: MIT
"""Studies whose models read tokens: a BPE that is learned from the text to learn from, and texts
that are turned into tokens once for all runs."""
from .common import Problem, read_json, write_json
from .jobs import Command
from .study import Study
from .texts import TO_LEARN

MERGES_PER_CHANNEL = 16


def complete_merges(options):
    """A vocabulary that suits the size: the larger the model, the more tokens."""
    options.bpe_merges = options.bpe_merges or MERGES_PER_CHANNEL * options.embd


class Tokenised:
    """A job: the vocabulary, and the tokens of what is to be learned from."""

    label = "turning text into tokens"

    def __init__(self, study):
        self.study = study
        self.folder = study.folder.path.resolve() / "tokens"
        self.vocabulary = self.folder / "bpe.json"
        settings = study.folder.settings
        self.made_of = {name: settings[name] for name in ("bpe_merges", *TO_LEARN)}

    def counts(self):
        """How many tokens the vocabulary and the texts have; None before the end."""
        done = read_json(self.folder / "tokens.json")
        return done["counts"] if done and done["made_of"] == self.made_of else None

    def work(self):
        if self.counts():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # What is replaced now counts for nothing until all of it is there.
        (self.folder / "tokens.json").unlink(missing_ok=True)
        learned = yield self._command("data", self.vocabulary, "--train-bpe",
                                      self.made_of["bpe_merges"])
        counts = {name: learned.result[name] for name in ("vocabulary", "merges")}
        for name in TO_LEARN:
            written = yield self._command(name, self.folder / name, "--vocab", self.vocabulary)
            counts[name] = written.result["tokens"]
        write_json(self.folder / "tokens.json", {"made_of": self.made_of, "counts": counts})

    def _command(self, name, out, *flags):
        words = self.study.program.words("tokenize", "--data", *self.study.texts.files[name],
                                         "--out", out, "--json", *flags)
        return Command(words, self.folder / "log.txt")


class TokenStudy(Study):
    """A study of models that read tokens."""

    def __init__(self, experiment, options, own):
        super().__init__(experiment, options, own)
        self.tokenised = Tokenised(self)

    @property
    def symbols(self):
        return f"a BPE of {self.length('vocabulary'):,} tokens"

    def learning_files(self, name):
        return [self.tokenised.folder / f"{name}.idx"]

    def length(self, name):
        return self.tokenised.counts()[name]

    def model_words(self):
        return [*super().model_words(), "--vocab", self.tokenised.vocabulary]

    def carry_out(self, runs):
        failures = self.run_jobs([self.tokenised], lambda *_: None)
        if failures:
            raise Problem(failures[0].text())
        return super().carry_out(runs)
