# SPDX-License-Identifier: MIT
"""The texts to learn from and to measure on."""
import hashlib
import lzma
import os
from pathlib import Path

from .common import ROOT, Problem, reason

VALID_PART = 0.05  # of a text that has no other to validate on
PACKED = ".xz"

# What is read where a command line names no files: names in the folder of data by flag.
TINY_SHAKESPEARE = {"data": "tinyshakespeare/train.txt", "valid": "tinyshakespeare/valid.txt"}
ENWIK8 = {"data": "enwik8_prefix/train.txt", "valid": "enwik8_prefix/valid.txt",
          "test": "enwik8_prefix/test.txt"}
WIKITEXT2 = {"data": "wikitext2/wiki.train.tokens", "valid": "wikitext2/wiki.valid.tokens",
             "pretrain": "books/train_*.txt"}
TO_LEARN = ("data", "pretrain")
OF_DATA = ("valid", "test")  # flags that say more about --data
OPTIONAL = ("test",)


def data_folder():
    """That of $SPIKELET_SHARED, or of a folder "shared" beside the repository."""
    shared = os.environ.get("SPIKELET_SHARED")
    return (Path(shared) if shared else ROOT.parent / "shared") / "data"


def unpacked_name(path):
    return path.with_suffix("") if path.suffix == PACKED else path


def found(pattern):
    """Files in the folder of data, as they are or packed."""
    folder = data_folder()
    packed, plain = (sorted(folder.glob(pattern + ending)) for ending in (PACKED, ""))
    return list({unpacked_name(path): path for path in packed + plain}.values())


def read(path):
    try:
        content = Path(path).read_bytes()
        return lzma.decompress(content) if Path(path).suffix == PACKED else content
    except (OSError, lzma.LZMAError) as error:
        raise Problem(f"cannot read {path}: {reason(error)}") from error


def chosen_files(options):
    """The files of each flag of texts; what is not named is looked for in the folder of data."""
    usual = options.usual_texts
    files = {name: value if isinstance(value, list) else [value]
             for name in usual if (value := getattr(options, name))}
    named = "data" in files
    for name, pattern in usual.items():
        if name in files and name in OF_DATA and not named:
            raise Problem(f"--{name} needs --data")
        if name in files or (name in OF_DATA and named):
            continue
        if paths := found(pattern):
            files[name] = paths
        elif name not in OPTIONAL:
            flags = f"--data FILE... --{name} FILE" if name in OF_DATA else f"--{name} FILE..."
            raise Problem(f"there is no text {data_folder() / pattern}; give some by {flags}")
    return files


class Texts:
    """What is in the files of each flag, by its name: `data` to learn from, `valid` to measure on,
    and whatever else an experiment reads."""

    def __init__(self, options):
        files = chosen_files(options)
        self.files = {name: [Path(path).resolve() for path in paths]
                      for name, paths in files.items()}
        self.parts = {name: b"".join(map(read, paths)) for name, paths in self.files.items()}
        self.names = {name: ", ".join("/".join(unpacked_name(path).parts[-2:]) for path in paths)
                      for name, paths in self.files.items()}
        self.origin = self.files["data"][0].parent
        # What no program can read where it is.
        self.to_write = {name for name, paths in self.files.items()
                         if any(path.suffix == PACKED for path in paths)}
        if "valid" not in self.files:
            self.names["valid"] = "the end of it"
            self.parts["data"], self.parts["valid"] = self._split(self.parts["data"])
            self.to_write |= {"data", "valid"}
        for name, part in self.parts.items():
            if len(part) < 2:
                raise Problem(f"--{name}: there is no text in it")
        self.fingerprints = {name: self._fingerprint(name) for name in options.usual_texts}

    @property
    def unit(self):
        """A byte, unless in all that is measured on a character is one."""
        measured = [part for name, part in self.parts.items() if name not in TO_LEARN]
        return "character" if all(part.isascii() for part in measured) else "byte"

    @property
    def valid(self):
        """The file to measure on."""
        return self.files["valid"][0]

    def prepare(self, folder):
        """Writes there what was cut or packed."""
        for name in self.to_write:
            self.write(name, folder)

    def add(self, name, part, folder):
        """One more text, in a file of its own."""
        self.parts[name] = part
        self.write(name, folder)

    def write(self, name, folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = (folder / f"{name}.txt").resolve()
        path.write_bytes(self.parts[name])
        self.files[name] = [path]

    def _fingerprint(self, name):
        part = self.parts.get(name)
        return part and {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()}

    @staticmethod
    def _split(text):
        """Cuts near the end, behind a line if there is one."""
        cut = int(len(text) * (1 - VALID_PART))
        line_end = text.rfind(b"\n", 0, cut) + 1
        cut = line_end or cut
        return text[:cut], text[cut:]
