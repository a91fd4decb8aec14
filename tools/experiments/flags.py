# SPDX-License-Identifier: MIT
"""Command lines: mistakes are one line, and flags that all experiments have."""
import argparse
import sys
from pathlib import Path

from .program import processors
from .texts import OF_DATA, TINY_SHAKESPEARE

SIZES = {"1m": (4, 128), "5m": (6, 256)}
TEXTS = {
    "data": "to learn from", "pretrain": "to learn from before that",
    "valid": "to measure on", "test": "to measure on as well"}
WITH_DATA = {"valid": "; of --data its last 5 %%", "test": "; of --data none"}
WIDTH = 100


def formatter(prog):
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=WIDTH)


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line, as the other programs do."""

    def __init__(self, *words, **more):
        super().__init__(*words, allow_abbrev=False, formatter_class=formatter, **more)

    def error(self, message):
        print(f"reproduce: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def whole(text):
    """A number from 1 on."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return value


def amount(text):
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return value


def add_study_flags(parser, name, seeds=2, sizes=True, texts=TINY_SHAKESPEARE):
    """Flags of an experiment that trains models on one text, with `sizes` all of one size. `texts`
    are those that are read where none are named, and say which flags of texts there are."""
    length = add_minutes_flag(parser)
    length.add_argument("--steps", type=whole, metavar="N", help="of each run")
    add_model_flags(parser.add_argument_group("models"), seeds, sizes)
    add_text_flags(parser, texts)
    add_place_flags(parser, name)


def add_text_flags(parser, texts):
    group = parser.add_argument_group(
        "texts", "Looked for in $SPIKELET_SHARED/data or ../shared/data where none are named.")
    for name in (name for name in TEXTS if name in texts):
        one = name in OF_DATA
        usual = f" (default {texts[name]}{WITH_DATA.get(name, '')})"
        group.add_argument(f"--{name}", type=Path, metavar="FILE", nargs=None if one else "+",
                           help=TEXTS[name] + usual)
    parser.set_defaults(usual_texts=texts)


def add_minutes_flag(parser):
    """Returns the group of what excludes it."""
    length = parser.add_argument_group("how long").add_mutually_exclusive_group()
    length.add_argument("--minutes", type=amount, metavar="N",
                        help="for all runs together: measures, then chooses one number of steps")
    return length


def add_place_flags(parser, name):
    where = parser.add_argument_group("how and where")
    where.add_argument("--jobs", type=whole, default=processors(), metavar="N",
                       help="programs of one thread at a time (default as many as processors)")
    where.add_argument("--out", type=Path, default=Path("results") / name, metavar="DIR",
                       help=f"folder of the results (default results/{name})")
    where.add_argument("--spikegpt", type=Path, metavar="FILE",
                       help="the program (default the newest that was built here)")
    where.add_argument("--report", action="store_true",
                       help="train nothing, write the report of what is finished")


def add_model_flags(model, seeds, sizes):
    if sizes:
        model.add_argument("--size", choices=sorted(SIZES),
                           help="4 x 128 (default) or 6 x 256: about so many parameters")
        model.add_argument("--layers", type=whole, metavar="N",
                           help="instead of --size, with --embd")
        model.add_argument("--embd", type=whole, metavar="N", help="channels")
    model.add_argument("--ctx", type=whole, default=128, metavar="N",
                       help="tokens in a sequence (default 128)")
    model.add_argument("--batch", type=whole, default=16, metavar="N",
                       help="sequences at a time (default 16)")
    model.add_argument("--seeds", type=whole, default=seeds, metavar="N",
                       help=f"runs of each kind, with seeds from 1 on (default {seeds})")


def complete(options):
    """Layers and channels follow from the size."""
    if options.size and (options.layers or options.embd):
        options.parser.error("--size excludes --layers and --embd")
    layers, embd = SIZES[options.size or "1m"]
    options.layers = options.layers or layers
    options.embd = options.embd or embd
