#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes small files as PyTorch does, for the tests of what reads them.

  tests/golden/make_torch.py               writes them to torch/ beside this script
  tests/golden/make_torch.py --out DIR     writes them elsewhere
  tests/golden/make_torch.py --check FILE  loads a file as a user would, prints names, types, shapes
                                           and sums, one tensor a line

Needs PyTorch (Debian: python3-torch). all_*.pth hold the same tensors in every form that a file
may have; keys of legacy files are addresses, so their bytes differ from run to run.
"""
import argparse
import collections
import os
import zipfile
from pathlib import Path

import torch


def all_tensors():
    """Every type, and views of one storage."""
    matrix = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    cube = torch.arange(24, dtype=torch.int16).reshape(2, 3, 4)
    few = [1.5, -0.25, 0.0]
    return collections.OrderedDict([
        ("matrix", matrix), ("turned", matrix.t()), ("row", matrix[1]),
        ("every_other", matrix[:, ::2]), ("permuted", cube.permute(2, 0, 1)),
        ("f64", torch.tensor(few, dtype=torch.float64)),
        ("f16", torch.tensor(few, dtype=torch.float16)),
        ("bf16", torch.tensor(few, dtype=torch.bfloat16)),
        ("i64", torch.tensor(-5)), ("i32", torch.tensor([7, -8], dtype=torch.int32)),
        ("i8", torch.tensor([-1, 2], dtype=torch.int8)),
        ("u8", torch.tensor([255, 0], dtype=torch.uint8)),
        ("bool", torch.tensor([True, False, True])), ("empty", torch.zeros(0, 7)),
        ("parameter", torch.nn.Parameter(torch.tensor([[3.0]])))])


def deflate(stored, deflated):
    """The same archive as another program would write it."""
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(deflated, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tensors = all_tensors()
    torch.save(tensors, folder / "all_zip.pth")
    torch.save(tensors, folder / "all_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(tensors, folder / "all_protocol4.pth", pickle_protocol=4)
    deflate(folder / "all_zip.pth", folder / "all_deflated.pth")

    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.LayerNorm(3), torch.nn.Linear(3, 2, bias=False))
    torch.save(module.state_dict(), folder / "module.pth")
    nested = {"model": {"w": torch.tensor([1.0, 2.0])}, "step": 3, "rate": 0.5, "name": "x",
              "list": [None, True, torch.tensor([4.0]), (torch.tensor(5.0),)], 7: 1 << 40,
              "group": {0: {"mean": torch.tensor([6.0])}}}
    torch.save(nested, folder / "nested.pth")
    torch.save({"c": torch.tensor([1 + 2j])}, folder / "refused_complex.pth")
    torch.save({"m": torch.nn.Linear(1, 1)}, folder / "refused_module.pth")


def check(path):
    for name, tensor in torch.load(path).items():
        print(name, str(tensor.dtype).removeprefix("torch."), list(tensor.shape),
              float(tensor.double().sum()))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "torch")
    parser.add_argument("--check", metavar="FILE", type=os.fspath)
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.check)
    else:
        write(arguments.out)


if __name__ == "__main__":
    main()
