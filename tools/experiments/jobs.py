# SPDX-License-Identifier: MIT
"""Several programs at a time, for jobs. job.work() is a generator: it yields a Command, gets its
Outcome, and so on; job.label is for people.

The programs end with this one, however it ends: they get a SIGTERM, on which spikegpt saves.
"""
import ctypes
import signal
import subprocess
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from .common import Problem, reason
from .program import last_object

PAUSE = 0.05  # seconds between looks at the programs
LAST_LINES = 8  # of a program that failed
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Command(NamedTuple):
    """Words, and the file that gets what the program says to people."""
    words: list
    log: Path


class Outcome(NamedTuple):
    """What a program that succeeded had to say, and how long it took."""
    result: dict
    seconds: float


class Failure(NamedTuple):
    """A job that did not succeed, why, and where to read on."""
    job: object
    why: str
    log: Path

    def text(self):
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"{self.job.label} {self.why}; the end of {self.log}:"]
                         + [f"  {line}" for line in lines[-LAST_LINES:]])


class Stopped(Exception):
    """A person or the system asked for an end."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


class StopRequests:
    """Counts Ctrl-C, SIGTERM and a closed terminal while it is in use."""

    def __init__(self):
        self.number = 0
        self.count = 0
        self._old = {}

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
                self._old[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_):
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _note(self, number, _):
        self.number = number
        self.count += 1


def end_with_parent():
    """Runs in the child, before the program."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Worker:
    """A job under way, and its program of the moment."""

    def __init__(self, job, lock):
        self.job = job
        self.lock = lock
        self.work = job.work()
        self.process = None
        self._advance(None)

    def look(self):
        """Goes on to the next program when one has ended. Returns a Failure, or None."""
        if self.process is None or self.process.poll() is None:
            return None
        code, log = self.process.returncode, self.command.log
        seconds = time.monotonic() - self.begin
        self.output.seek(0)
        result = last_object(self.output.read().decode("utf-8", errors="replace"))
        self.output.close()
        self.process = None
        if code != 0:
            why = f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"
            return Failure(self.job, why, log)
        if result is None:
            return Failure(self.job, "ended without a result", log)
        self._advance(Outcome(result, seconds))
        return None

    def _advance(self, outcome):
        try:
            self.command = self.work.send(outcome)
        except StopIteration:
            return
        self.command.log.parent.mkdir(parents=True, exist_ok=True)
        self.output = tempfile.TemporaryFile()
        self.begin = time.monotonic()
        with open(self.command.log, "ab") as log:
            try:
                # In a session of its own Ctrl-C reaches it through this program alone.
                self.process = subprocess.Popen(
                    self.command.words, stdin=subprocess.DEVNULL, stdout=self.output, stderr=log,
                    start_new_session=True, preexec_fn=end_with_parent, pass_fds=(self.lock,))
            except OSError as error:
                raise Problem(f"cannot start {self.command.words[0]}: {reason(error)}") from error


def end(workers, requests):
    """Asks all programs to save and end, and waits; insists after one more request."""
    running = [w.process for w in workers if w.process is not None]
    first = requests.count
    for process in running:
        process.terminate()
    while any(process.poll() is None for process in running):
        if requests.count > first:
            for process in running:
                process.kill()
        time.sleep(PAUSE)


def run_jobs(jobs, at_once, lock, watch):
    """Runs all jobs, in order, so many at once; a failure stops no other. Returns the failures.

    `lock` is a file that stays open in all programs. watch(waiting, workers, ended) is called
    often; `ended` are the jobs that succeeded since the last time. Raises Stopped.
    """
    waiting, workers, failures = deque(jobs), [], []
    with StopRequests() as requests:
        try:
            while waiting or workers:
                while waiting and len(workers) < at_once:
                    workers.append(Worker(waiting.popleft(), lock))
                new = [failure for worker in workers if (failure := worker.look())]
                failures += new
                failed = [failure.job for failure in new]
                ended = [w.job for w in workers if w.process is None and w.job not in failed]
                workers = [w for w in workers if w.process is not None]
                watch(waiting, workers, ended)
                if requests.count:
                    raise Stopped(requests.number)
                time.sleep(PAUSE)
        finally:
            end(workers, requests)
    return failures
