# SPDX-License-Identifier: MIT
"""The program spikegpt: where it is, what it tells, and what a machine is."""
import hashlib
import json
import os
import subprocess

from .common import ROOT, Problem, reason

PLACES = ("build/release/bin/spikegpt", "build/quickstart/bin/spikegpt")
HOW_TO_BUILD = ("build it with tools/test, or\n"
                "  tools/setup && cmake --preset release -DSPIKELET_TESTS=OFF\n"
                "  cmake --build --preset release --target spikegpt\n"
                "or say where it is: --spikegpt FILE")


def processors():
    """How many processors this program may use."""
    return len(os.sched_getaffinity(0))


def last_object(text):
    """The JSON object in the last line of what spikegpt wrote; None without one."""
    lines = text.strip().splitlines()
    try:
        return json.loads(lines[-1]) if lines else None
    except ValueError:
        return None


class Program:
    """The given program, or the newest of those that were built here."""

    def __init__(self, path=None):
        here = [ROOT / place for place in PLACES if (ROOT / place).is_file()]
        if path is None and not here:
            raise Problem(f"there is no program {PLACES[0]}; {HOW_TO_BUILD}")
        self.path = path or max(here, key=lambda file: file.stat().st_mtime)
        if not self.path.is_file():
            raise Problem(f"there is no program {self.path}; {HOW_TO_BUILD}")
        self.version = self._says("--version").strip()
        self.build = hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]

    def words(self, *words):
        """A command line."""
        return [str(self.path.resolve()), *map(str, words)]

    def info(self, *words):
        """What `spikegpt info` knows."""
        found = last_object(self._says("info", *words, "--json"))
        if found is None:
            raise Problem(f"{self.path} info {' '.join(map(str, words))} says nothing of use")
        return found

    def machine(self):
        """What computes: processor, its number, the instruction set in use."""
        info = self.info("--cpu")
        return {"processor": info["processor"], "processors": processors(), "cpu": info["cpu"]}

    def _says(self, *words):
        try:
            done = subprocess.run(self.words(*words), capture_output=True, text=True, check=False)
        except OSError as error:
            raise Problem(f"cannot start {self.path}: {reason(error)}") from error
        if done.returncode != 0:
            raise Problem(f"{self.path} {words[0]} failed: {done.stderr.strip()}")
        return done.stdout
