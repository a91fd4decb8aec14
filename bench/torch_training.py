#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One training step of SpikeGPT in PyTorch on the CPU: the peer of training_bench.

  bench/torch_training.py [--layers N] [--embd N] [--ctx N] [--threads N] [--steps N]

PyTorch as fast as it gets without compiling anything: WKV and LIF are autograd functions with
hand-written loops over time, so that autograd sees one node instead of thousands; all else is
PyTorch's own. Same function, sizes, clipping and Adam as training_bench, but for L2Wrap, which costs
PyTorch nothing here. Prints one line of JSON:
tokens per second of the median step. Needs PyTorch (Debian: python3-torch).
"""
import argparse
import json
import math
import time

import torch
import torch.nn.functional as F
from torch import nn


class Wkv(torch.autograd.Function):
    """y[t] = (A p + E v) / (A q + E) over states p, q scaled by e^o; k, v [time, batch, C]."""

    @staticmethod
    def forward(ctx, w, u, k, v):
        y, p, q, o = (torch.empty_like(k) for _ in range(4))
        p_now, q_now = torch.zeros_like(k[0]), torch.zeros_like(k[0])
        o_now = torch.full_like(k[0], -1e38)
        for t in range(len(k)):
            p[t], q[t], o[t] = p_now, q_now, o_now
            bonus = u + k[t]
            n = torch.maximum(o_now, bonus)
            a, e = torch.exp(o_now - n), torch.exp(bonus - n)
            torch.div(torch.addcmul(a * p_now, e, v[t]), torch.addcmul(e, a, q_now), out=y[t])
            decayed = o_now + w
            n = torch.maximum(decayed, k[t])
            a, e = torch.exp(decayed - n), torch.exp(k[t] - n)
            p_now, q_now = torch.addcmul(a * p_now, e, v[t]), torch.addcmul(e, a, q_now)
            o_now = n
        ctx.save_for_backward(w, u, k, v, y, p, q, o)
        return y

    @staticmethod
    def backward(ctx, dy):
        w, u, k, v, y, p, q, o = ctx.saved_tensors
        bonus = u + k
        n = torch.maximum(o, bonus)
        a, e = torch.exp(o - n), torch.exp(bonus - n)
        g = dy / (a * q + e)
        dk, dv = g * e * (v - y), g * e
        du = dk.sum((0, 1))
        # What flows back through the states, scaled as they are stored.
        dp_here, dq_here = g * a, -g * a * y
        n = torch.maximum(w + o, k)
        keep, fresh = torch.exp(w + o - n), torch.exp(k - n)
        dw = torch.zeros_like(w)
        dp, dq = torch.zeros_like(k[0]), torch.zeros_like(k[0])
        for t in range(len(k) - 1, -1, -1):
            x = dp * fresh[t]
            dv[t] += x
            dk[t] += x * v[t] + dq * fresh[t]
            dw += (keep[t] * (dp * p[t] + dq * q[t])).sum(0)
            dp = torch.addcmul(dp_here[t], dp, keep[t])
            dq = torch.addcmul(dq_here[t], dq, keep[t])
        return dw, du, dk, dv


class Lif(torch.autograd.Function):
    """tau 2, threshold 1, hard reset to 0, arctangent surrogate with alpha 2; x [time, batch, C]."""

    @staticmethod
    def forward(ctx, x):
        charge, spikes = torch.empty_like(x), torch.empty_like(x)
        v = torch.zeros_like(x[0])
        for t in range(len(x)):
            h = torch.add(v, x[t]).mul_(0.5)
            s = (h >= 1.0).float()
            charge[t], spikes[t] = h, s
            v = h * (1 - s)
        ctx.save_for_backward(charge, spikes)
        return spikes

    @staticmethod
    def backward(ctx, ds):
        charge, spikes = ctx.saved_tensors
        slope = 1 / (1 + (math.pi * (charge - 1)).square_())
        reset = (1 - spikes) - charge * slope
        through = ds * slope
        dx = torch.empty_like(charge)
        dv = torch.zeros_like(charge[0])
        for t in range(len(charge) - 1, -1, -1):
            dv = torch.addcmul(through[t], dv, reset[t]).mul_(0.5)
            dx[t] = dv
        return dx


class Heaviside(torch.autograd.Function):
    """x >= 0, with the arctangent surrogate."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x >= 0).float()

    @staticmethod
    def backward(ctx, ds):
        (x,) = ctx.saved_tensors
        return ds / (1 + (math.pi * x).square_())


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.decay = nn.Parameter(torch.linspace(-5, 3, c))
        self.first = nn.Parameter(torch.full((c,), math.log(0.3)))
        self.mixes = nn.Parameter(torch.full((5, c), 0.5))
        self.key, self.value, self.receptance, self.output, self.gate = (
            nn.Linear(c, c, bias=False) for _ in range(5))
        self.up, self.down = nn.Linear(c, 4 * c, bias=False), nn.Linear(4 * c, c, bias=False)

    def forward(self, x):  # [time, batch, C]
        h = self.ln1(x)
        past = F.pad(h, (0, 0, 0, 0, 1, -1))
        k, v, r = (m(torch.lerp(past, h, mix))
                   for m, mix in zip((self.key, self.value, self.receptance), self.mixes))
        y = torch.sigmoid(r) * Wkv.apply(-torch.exp(self.decay), self.first, k, v)
        x = x + Lif.apply(self.output(y))
        h = self.ln2(x)
        past = F.pad(h, (0, 0, 0, 0, 1, -1))
        k, r = (torch.lerp(past, h, mix) for mix in self.mixes[3:])
        y = torch.sigmoid(self.gate(r)) * self.down(torch.relu(self.up(k)).square())
        return x + Lif.apply(y)


class SpikeGpt(nn.Module):
    def __init__(self, vocabulary, layers, c):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, c)
        self.ln0 = nn.LayerNorm(c)
        self.blocks = nn.Sequential(*(Block(c) for _ in range(layers)))
        self.norm = nn.LayerNorm(c)
        self.head = nn.Linear(c, vocabulary, bias=False)

    def forward(self, ids):  # [time, batch] -> [time, batch, vocabulary]
        x = self.ln0(Heaviside.apply(self.embedding(ids)))
        return self.head(self.norm(self.blocks(x)))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--embd", type=int, default=512)
    parser.add_argument("--ctx", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3, help="measured, after one that is not")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = SpikeGpt(256, args.layers, args.embd)
    adam = torch.optim.Adam(model.parameters(), lr=6e-4, betas=(0.9, 0.99), eps=4e-9)
    ids, target = torch.randint(0, 256, (2, args.ctx, 1))
    seconds = []
    for _ in range(args.steps + 1):
        begin = time.perf_counter()
        adam.zero_grad()
        F.cross_entropy(model(ids).flatten(0, 1), target.flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        seconds.append(time.perf_counter() - begin)
    median = sorted(seconds[1:])[args.steps // 2]
    print(json.dumps({"tokens_per_second": args.ctx / median}))


if __name__ == "__main__":
    main()
