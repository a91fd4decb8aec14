# SPDX-License-Identifier: MIT
"""The texts to learn from and to validate on."""
import hashlib
import os
from pathlib import Path

from .common import ROOT, Problem, reason

VALID_PART = 0.05  # of a text that has no other to validate on


def default_folder():
    """Tiny Shakespeare in $SPIKELET_SHARED, or in a folder "shared" beside the repository."""
    shared = os.environ.get("SPIKELET_SHARED")
    return (Path(shared) if shared else ROOT.parent / "shared") / "data" / "tinyshakespeare"


def read(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Problem(f"cannot read {path}: {reason(error)}") from error


class Texts:
    """Files to learn from, the file to validate on, and what is in them."""

    def __init__(self, data, valid):
        if valid and not data:
            raise Problem("--valid needs --data")
        if not data:
            data, valid = [default_folder() / "train.txt"], default_folder() / "valid.txt"
            if not data[0].is_file():
                raise Problem(f"there is no text {data[0]}; give one by --data FILE...")
        self.data = [Path(path).resolve() for path in data]
        self.valid = Path(valid).resolve() if valid else None
        text = b"".join(read(path) for path in self.data)
        valid_text = read(self.valid) if self.valid else None
        self.names = {"data": self._names(self.data),
                      "valid": self._names([self.valid]) if self.valid else "the end of it"}
        if valid_text is None:
            text, valid_text = self._split(text)
        self.parts = {"data": text, "valid": valid_text}
        for name, part in self.parts.items():
            if len(part) < 2:
                raise Problem(f"--{name}: there is no text in it")
        self.fingerprints = {name: {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()}
                             for name, part in self.parts.items()}
        # With the vocabulary of bytes a character of ASCII is one id.
        self.unit = "character" if valid_text.isascii() else "byte"

    def prepare(self, folder):
        """Where one text was cut in two, writes the parts."""
        if self.valid is None:
            folder.mkdir(parents=True, exist_ok=True)
            for name, part in self.parts.items():
                (folder / f"{name}.txt").write_bytes(part)
            self.data, self.valid = [folder / "data.txt"], folder / "valid.txt"

    @staticmethod
    def _names(paths):
        return ", ".join("/".join(path.parts[-2:]) for path in paths)

    @staticmethod
    def _split(text):
        """Cuts near the end, behind a line if there is one."""
        cut = int(len(text) * (1 - VALID_PART))
        line_end = text.rfind(b"\n", 0, cut) + 1
        cut = line_end or cut
        return text[:cut], text[cut:]
