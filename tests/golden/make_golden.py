#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the reference values that the C++ tests compare against, or verifies a folder of them.

  tests/golden/make_golden.py                 writes all cases beside this script
  tests/golden/make_golden.py --out DIR       writes them elsewhere
  tests/golden/make_golden.py --verify DIR    recomputes the model cases found in DIR from their
                                              weights and data, and prints the largest differences

Needs PyTorch (Debian: python3-torch). Everything is computed in float64 from float32 numbers and
stored as float32. Inputs are drawn again until no membrane, and nothing that becomes an event, is
nearer than 1e-4 to a threshold and greedy generation is never a close race, so that float32 must
reproduce every spike and token.
"""
import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch

import spikegpt_reference as ref

MARGIN = 1e-4  # a membrane keeps this distance from its threshold, events in units of theirs
GAP = 1e-3  # so far the most likely token is ahead of the second
STEPS, LEARNING_RATE = 3, 6e-4

# name: the configuration, B and T. Odd sizes on purpose: nothing is a multiple of a SIMD width.
# A case's place decides where its seeds start: new ones go to the end.
EVENT_DRIVEN = ("event_driven", "event_driven_post")
MODEL_CASES = {f"{variant}_L2C20": (dict(variant=variant, L=2, C=20, V=23), 2, 11)
               for variant in ref.VARIANTS if variant not in EVENT_DRIVEN}
MODEL_CASES["spikegpt_ffn_pre_detach_L2C9"] = (
    dict(variant="spikegpt", L=2, C=9, V=23, ffn_pre=True, detach=True), 2, 11)
MODEL_CASES["spikegpt_soft_reset_L2C9"] = (
    dict(variant="spikegpt", L=2, C=9, V=23, vreset=None), 2, 11)
for variant in EVENT_DRIVEN:
    MODEL_CASES[f"{variant}_L2C20"] = (dict(variant=variant, L=2, C=20, V=23), 2, 11)
# Cases with the released script's logits: how many layers there are between its halvings (6 in the
# script, with which these would never be halved).
RESCALED = {"spikegpt_soft_reset_L2C9": 1}
TRAINED_IN_FULL = ("spikegpt_L2C20", "spike_driven_L2C20")  # the others keep a summary: room


def single(tensors):
    """float32 for numbers, bytes for spikes, with a sign where these have one, int32 for ids."""
    stored = {}
    for name, value in tensors.items():
        array = value.detach().numpy() if torch.is_tensor(value) else np.asarray(value)
        spikes = name.endswith(".s") or name.endswith("/s")
        kind = np.float32 if not spikes else np.int8 if (array < 0).any() else np.uint8
        if array.dtype.kind == "i":
            kind = np.int32
        stored[name] = array.astype(kind)
    return stored


def double(tensors):
    return {n: t.double() if torch.is_tensor(t) else torch.from_numpy(t).double()
            for n, t in tensors.items()}


def largest_difference(a, b):
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a)


def summary(tensors):
    """Per tensor: sum, sum of squares, largest absolute value, dot product with cos(0..n-1)."""
    result = {}
    for name, tensor in tensors.items():
        x = tensor.reshape(-1)
        wave = torch.cos(torch.arange(len(x), dtype=x.dtype))
        result[name] = torch.stack([x.sum(), (x * x).sum(), x.abs().max(), (x * wave).sum()])
    return result


# Models.


def threshold_margins(c, trace):
    """Per site, how near a membrane came to its threshold in one forward pass; per event node, how
    near a number in units of thresholds came to one."""
    lif, nodes = ref.lif_sites(c), ref.event_sites(c)

    def margin(site):
        if site in nodes:
            return ref.event_margin(trace[site + ".u"], nodes[site].most, nodes[site].signed)
        return float((trace[site + ".h"] - (c.vth if site in lif else 0)).abs().min())

    return {name[:-2]: margin(name[:-2]) for name in trace if name.endswith(".s")}


def mix_margin(P):
    """How near a weight of a token shift that selects comes to 1/2."""
    return min(float((p - 0.5).abs().min()) for name, p in P.items() if ".time_mix_" in name)


def logit_gap(logits):
    top = logits.topk(2).values
    return float((top[..., 0] - top[..., 1]).min())


def run_case(P, c, data, count, rescale=0):
    """All that a case holds, in the precision of P. `rescale`: see RESCALED."""
    tokens = torch.from_numpy(data["tokens"]).long()
    targets = torch.from_numpy(data["targets"]).long()
    out = {"trace": {}, "margins": [], "losses": [], "norms": [], "regs": []}
    out["logits"], loss, out["grads"] = ref.gradients(P, c, tokens[0], targets[0],
                                                      trace=out["trace"])
    out["trace"]["loss"] = loss.reshape(1)
    plain = ref.gradients(P, c, tokens[0], targets[0], l2wrap=False)[2]
    out["no_l2wrap"] = {"no_l2wrap/" + n: plain[n]
                        for n in ("head.weight", "ln_out.weight", "ln_out.bias")}
    out["no_reg"], out["mix_margins"] = {}, []
    if c.events:
        free = ref.gradients(P, c, tokens[0], targets[0], priced=False)[2]
        first = next(iter(ref.event_sites(c).values())).threshold
        out["no_reg"] = {"no_reg/" + n: free[n]
                         for n in (first, "blocks.0.ln2.weight", "head_threshold")}
    trained, adam = dict(P), ref.Adam(P)
    for step in range(STEPS):
        trace = {}
        _, loss, grads = ref.gradients(trained, c, tokens[step], targets[step], trace=trace)
        out["margins"] += threshold_margins(c, trace).values()
        out["losses"].append(float(loss))
        out["norms"].append(adam.step(trained, grads, LEARNING_RATE))
        if c.events:
            out["regs"].append(float(trace["reg"]))
        if c.input == "shared_events":
            out["mix_margins"] += [mix_margin(P), mix_margin(trained)]
    out["trained"] = trained
    out["rnn_margins"] = []
    out["tokens"], out["rows"], out["after_prompt"], out["final"] = ref.generate(
        P, c, data["prompt"], count, out["rnn_margins"])
    out["rescaled"] = {}
    if rescale:
        fed = [*data["prompt"], *out["tokens"][:-1]]
        out["rescaled"][f"official_rescale{rescale}/logits"] = ref.rescaled_logits(
            P, c, fed, rescale, out["rnn_margins"])
    return out


def gradients_of(case):
    """All gradients that a case holds."""
    return {**case["grads"], **case["no_l2wrap"], **case["no_reg"]}


def training_of(case, weights):
    """The weights after training, or what stands for them, and its history."""
    history = {"losses": np.array(case["losses"]), "grad_norms": np.array(case["norms"])}
    if case["regs"]:
        history["regs"] = np.array(case["regs"])
    return {**weights, **history}


def generation_of(case):
    """All that a case generates and remembers."""
    return {"tokens": np.array(case["tokens"]), "logits": case["rows"],
            **{"after_prompt/" + n: t for n, t in case["after_prompt"].items()},
            **{"final/" + n: t for n, t in case["final"].items()}, **case["rescaled"]}


def float32_difference(c, exact, weights, data):
    """How far the same computation in float32 is away: what a test can ask for."""
    rerun = run_case(weights, c, data, len(exact["tokens"]))
    trace, spikes = exact["trace"], [n for n in exact["trace"] if n.endswith(".s")]
    membranes = [n for n in trace if n.endswith(".h") and n[:-2] + ".s" in trace]

    def difference(key):
        return largest_difference(exact[key], rerun[key])

    def trace_difference(names):
        return max((float((trace[n] - rerun["trace"][n]).abs().max()) for n in names), default=0.0)

    relative = max(float((exact["grads"][n] - rerun["grads"][n]).abs().max() / g.abs().max())
                   for n, g in exact["grads"].items() if g.abs().max() > 0)
    off = sum(int(((exact["trained"][n] - rerun["trained"][n]).abs() > 1e-5).sum())
              for n in exact["trained"])
    stepwise = ref.rnn_init(c)
    P = double(weights)
    rows = [ref.rnn_step(P, c, int(t), stepwise) for t in data["tokens"][0][0]]
    events = {"reg": trace_difference(["reg"]),
              "u": trace_difference([n for n in trace if n.endswith(".u")])} if c.events else {}
    return {
        **events,
        "spike_flips": sum(int((trace[n] != rerun["trace"][n]).sum()) for n in spikes),
        "logits": trace_difference(["logits"]),
        "loss": trace_difference(["loss"]),
        "membranes": trace_difference(membranes),
        "grads_abs": difference("grads"),
        "grads_rel_to_tensor_max": relative,
        "adam_weights_abs": difference("trained"),
        "adam_weights_fraction_off_by_more_than_1e-5":
            off / sum(p.numel() for p in weights.values()),
        "generated_tokens_equal": exact["tokens"] == rerun["tokens"],
        "generate_logits": float((exact["rows"] - rerun["rows"]).abs().max()),
        "rnn_state": difference("final"),
        "f64_rnn_vs_parallel": float((torch.stack(rows) - exact["logits"][0]).abs().max()),
    }


def draw_case(c, B, T, first_seed, rescale, prompt_length=5, count=24):
    """Seeds are tried one after another until all margins hold."""
    for seed in range(first_seed, first_seed + 2000):
        random = np.random.default_rng(seed)
        data = {"tokens": random.integers(0, c.V, (STEPS, B, T), dtype=np.int32),
                "targets": random.integers(0, c.V, (STEPS, B, T), dtype=np.int32),
                "prompt": random.integers(0, c.V, prompt_length, dtype=np.int32)}
        weights = ref.test_parameters(c, seed)
        case = run_case(double(weights), c, data, count, rescale)
        case["gap"] = logit_gap(case["rows"])
        near = min(case["margins"] + case["rnn_margins"] + case["mix_margins"], default=1.0)
        if near >= MARGIN and case["gap"] >= GAP:
            return seed, weights, data, case
    sys.exit(f"no seed for {c.variant} keeps its distance")


def write_model_case(folder, settings, B, T, first_seed):
    c = ref.Config(**settings)
    rescale = RESCALED.get(folder.name, 0)
    seed, weights, data, case = draw_case(c, B, T, first_seed, rescale)
    rerun = float32_difference(c, case, weights, data)
    if rerun["spike_flips"] or not rerun["generated_tokens_equal"]:
        sys.exit(f"{folder.name}: float32 spikes differ although the margins hold")

    membranes = ref.lif_sites(c)
    trace = {n: t for n, t in case["trace"].items()
             if not n.endswith(".h") or n[:-2] in membranes or n[:-2] + ".s" not in case["trace"]}
    in_full = folder.name in TRAINED_IN_FULL
    files = {
        "weights": single(weights),
        "data": data,
        "forward": single(trace),
        "grads": single(gradients_of(case)),
        "adam" if in_full else "adam_summary": single(
            training_of(case, case["trained"] if in_full else summary(case["trained"]))),
        "generate": single(generation_of(case)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, tensors in files.items():
        ref.save_tensors(folder / f"{name}.safetensors", tensors, c.metadata())

    spikes = [n for n in trace if n.endswith(".s")]
    manifest = {
        "name": folder.name,
        "note": "" if in_full else "Adam result as per-tensor summary: sum, sum of squares, "
                                   "max abs, dot with cos(0..n-1)",
        "config": c.values(),
        "B": B,
        "T": T,
        "seed": seed,
        "n_params": sum(p.numel() for p in weights.values()),
        "computed": "float64 from the float32 weights, stored as float32 "
                    f"(spikes uint8, {'with a sign int8, ' * c.events}ids int32)",
        "files": {f"{n}.safetensors": (folder / f"{n}.safetensors").stat().st_size
                  for n in sorted(files)},
        "layout": "activations [B,T,*]; linear weights [out,in] row-major; data.tokens/targets "
                  "[step,B,T], step 0 = forward/grads batch; state [5L,C] rows per layer: ffn_x, "
                  "att_x, aa, bb, pp; LIF membranes '<site>.v' (after reset)"
                  + "; ffn_x and att_x are events" * (c.input == "shared_events"),
        "loss": "mean cross entropy; gradients include L2Wrap, are not clipped; no dropout"
                + "; gradients are of total = loss + reg_lambda * reg" * c.events,
        "adam": {"steps": STEPS, "lr": LEARNING_RATE, "betas": [0.9, 0.99], "eps": 4e-9,
                 "clip_global_norm": 1.0, "weight_decay": 0, "losses": case["losses"],
                 "grad_norms": case["norms"], **({"regs": case["regs"]} if c.events else {})},
        "generate": {"prompt": data["prompt"].tolist(), "n": len(case["tokens"]),
                     "tokens": case["tokens"],
                     "mode": "greedy argmax; last token is not fed back",
                     "top1_top2_gap_min": case["gap"],
                     "membrane_margin_min": min(case["rnn_margins"], default=None)},
        "margins": {"required": MARGIN,
                    "all_training_batches_min": min(case["margins"], default=None),
                    "forward_by_site": threshold_margins(c, case["trace"]),
                    "forward_top1_top2_logit_gap_min": logit_gap(case["logits"]),
                    "rejected_seeds": seed - first_seed},
        "firing_rates": {n[:-2]: round(float((trace[n] != 0).double().mean()), 4) for n in spikes},
        "float32_rerun_difference": rerun,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    rates = manifest["firing_rates"].values()
    print(f"{folder.name}: seed {seed}, firing rates {min(rates, default=0):.2f} to "
          f"{max(rates, default=0):.2f}")


def verify(folder):
    """Recomputes every model case in `folder`; returns whether all agree."""
    good = True
    for path in sorted(folder.glob("*/weights.safetensors")):
        weights, metadata = ref.load_tensors(path)
        if json.loads(metadata["variant"]) not in ref.VARIANTS:
            continue
        c = ref.Config.from_metadata(metadata)
        files = {n: ref.load_tensors(path.parent / f"{n}.safetensors")[0]
                 for n in ("data", "forward", "grads", "generate")}
        case = run_case(double(weights), c, files["data"], len(files["generate"]["tokens"]),
                        RESCALED.get(path.parent.name, 0))
        computed = {
            "forward": case["trace"],
            "grads": gradients_of(case),
            "generate": generation_of(case),
        }
        for name, trained in (("adam", case["trained"]),
                              ("adam_summary", summary(case["trained"]))):
            if (path.parent / f"{name}.safetensors").exists():
                files[name] = ref.load_tensors(path.parent / f"{name}.safetensors")[0]
                computed[name] = training_of(case, trained)
        line = []
        for name, values in computed.items():
            stored, worst = files[name], 0.0
            for key, array in stored.items():
                fresh = np.asarray(values[key], dtype=np.float64)
                worst = max(worst, float(np.max(np.abs(fresh - array) / (1 + np.abs(array)))))
            good = good and worst < 1e-6
            line.append(f"{name} {worst:.1e}")
        print(f"{path.parent.name}: {', '.join(line)}")
    return good


# Single operations.


class Ops:
    """Writes one operation's tensors and description."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name, tensors, **description):
        path = self.folder / f"{name}.safetensors"
        ref.save_tensors(path, single(tensors))
        text = {"name": name, "computed": "float64 from float32 inputs, stored float32",
                "bytes": path.stat().st_size, **description}
        (self.folder / f"{name}.json").write_text(json.dumps(text, indent=1) + "\n")
        print(f"ops/{name}: {path.stat().st_size} bytes")


class Source:
    """Random numbers that float32 holds exactly, as float64."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def normal(self, *shape):
        return torch.from_numpy(self.random.standard_normal(shape).astype(np.float32)).double()

    def uniform(self, *shape):
        return torch.from_numpy(self.random.random(shape, dtype=np.float32)).double()


def as_float32(x):
    return x.float().double()


def lif_configurations():
    """Every kind of reset and charge with ATan, then every surrogate in SpikeGPT's neuron."""
    resets = (0.0, None, -0.25)
    for vreset in resets:
        for decay_input in (True, False):
            for detach in (False, True):
                yield dict(tau=2.0, vreset=vreset, decay_input=decay_input, detach=detach)
    for vreset in resets:
        yield dict(tau=1.5, vreset=vreset, decay_input=True, detach=False)
    for name, slope in (("sigmoid", 4.0), ("triangle", 1.0), ("softsign", 2.0),
                        ("superspike", 10.0), ("erf", 2.0), ("leaky", 1.0), ("atan", 5.0)):
        yield dict(tau=2.0, vreset=0.0, decay_input=True, detach=False, sg=name, slope=slope)


def lif_margin(h, vth, surrogate, slope):
    """Distance to the threshold, and to the jumps that a surrogate itself has."""
    distance = (h - vth).abs()
    if surrogate == "leaky":
        return float(torch.minimum(distance, (distance - 1 / slope).abs()).min())
    return float(distance.min())


def write_lif(ops, T=10, N=7, vth=1.0):
    source, tensors, cases = Source(11), {}, []
    for number, options in enumerate(lif_configurations()):
        surrogate, slope = options.pop("sg", "atan"), options.pop("slope", 2.0)
        tau, vreset = options["tau"], options["vreset"]
        arguments = (tau, vth, vreset, options["decay_input"], options["detach"], surrogate, slope)
        margin = 0.0
        while margin < MARGIN:
            spread = 2.0 if options["decay_input"] else 1.0
            x = as_float32(source.normal(T, N) * spread).requires_grad_(True)
            v0 = as_float32(source.normal(N) * 0.3 + (vreset or 0)).requires_grad_(True)
            s, v, h = ref.Lif.apply(x, v0, *arguments)
            margin = lif_margin(h.detach(), vth, surrogate, slope)
        ds, dv = source.normal(T, N), source.normal(T, N)
        both = torch.autograd.grad([s, v], [x, v0], [ds, dv], retain_graph=True)
        spikes_only = torch.autograd.grad([s, v], [x, v0], [ds, torch.zeros_like(dv)])
        for name, value in (("x", x), ("v0", v0), ("s", s), ("v", v), ("h", h), ("grad_s", ds),
                            ("grad_v", dv), ("grad_x", both[0]), ("grad_v0", both[1]),
                            ("grad_x_no_grad_v", spikes_only[0]),
                            ("grad_v0_no_grad_v", spikes_only[1])):
            tensors[f"{number}/{name}"] = value
        cases.append({
            "id": number, "tau": tau, "v_th": vth, "reset": "soft" if vreset is None else "hard",
            "v_reset": vreset, "decay_input": options["decay_input"],
            "detach_reset": options["detach"], "surrogate": surrogate, "slope": slope,
            "margin": margin, "rate": float(s.mean())})
    ops.write("lif", tensors, cases=cases,
              layout="[T,N], time first; s spikes, v membrane after reset, h before threshold; "
                     "grad_x/grad_v0 are for grad_s and grad_v together")


def write_surrogates(ops):
    grid = np.arange(-2.9969, 3, 0.075).tolist()
    x = as_float32(torch.tensor(grid + [0.0, -0.0, 1e-7, -1e-7, 50, -50, 1e4, -1e4],
                                dtype=torch.float64))
    tensors = {"x": x, "theta": (x >= 0).double()}
    cases = [("atan", 2.0), ("atan", 5.0), ("sigmoid", 4.0), ("sigmoid", 1.5), ("triangle", 1.0),
             ("triangle", 2.5), ("softsign", 2.0), ("superspike", 10.0), ("superspike", 25.0),
             ("erf", 2.0), ("leaky", 1.0), ("leaky", 4.0), ("boxcar", 1.0), ("ste", 1.0)]
    for name, slope in cases:
        tensors[f"{name}@{slope}/grad"] = ref.surrogate_gradient(name, x, slope)
        primitive = ref.surrogate_primitive(name, x, slope)
        if primitive is not None:
            tensors[f"{name}@{slope}/primitive"] = primitive
    ops.write("surrogates", tensors, cases=cases,
              note="theta(-0.0)=theta(0)=1; leaky: slope a = 1/w inside |x|<1/a, 0.01 outside; "
                   "triangle/leaky/boxcar kinks avoided by the grid")


WKV_GRADIENTS = ("grad_time_decay", "grad_time_first", "grad_k", "grad_v")


def wkv_values(time_decay, time_first, k, v, state, grad_y, kind):
    """y, the final state and the gradients, computed in `kind`."""
    leaves = [t.to(kind).requires_grad_(True) for t in (time_decay, time_first, k, v)]
    y, aa, bb, pp = ref.Wkv.apply(*leaves, *(s.to(kind) for s in state))
    grads = torch.autograd.grad(y, leaves, grad_y.to(kind))
    return {"y": y.detach(), "aa": aa, "bb": bb, "pp": pp, **dict(zip(WKV_GRADIENTS, grads))}


def write_wkv(ops):
    tensors, cases = {}, []
    for seed, (B, T, C) in enumerate(((2, 11, 5), (1, 40, 3)), 21):
        source = Source(seed)
        decay = as_float32(source.uniform(C) * 7 - 4.5)
        first = as_float32(source.uniform(C) * 2 - 1)
        k, v, grad_y = (source.normal(B, T, C) for _ in range(3))
        k = as_float32(k * 1.3)
        state = (source.normal(B, C), as_float32(source.uniform(B, C) + 0.5),
                 as_float32(source.normal(B, C) * 2))
        sign = torch.where(source.uniform(B, T, C) < 0.5, -1.0, 1.0).double()
        extremes = torch.tensor([-12.0, 4.5] * C, dtype=torch.float64)[:C]
        for label, the_decay, the_k, the_state in (
                ("", decay, k, ()), ("_state", decay, k, state),
                ("_k+60", decay, as_float32(60 + k / 10), ()),
                ("_k-60", decay, as_float32(-60 + k / 10), ()),
                ("_k+-60", decay, as_float32(60 * sign + k / 10), ()),
                ("_slowest_and_fastest_decay", extremes, k, ())):
            name = f"B{B}T{T}C{C}{label}"
            exact = wkv_values(the_decay, first, the_k, v, the_state, grad_y, torch.float64)
            rough = wkv_values(the_decay, first, the_k, v, the_state, grad_y, torch.float32)
            inputs = {"time_decay": the_decay, "time_first": first, "k": the_k, "v": v,
                      "grad_y": grad_y, **dict(zip(("aa0", "bb0", "pp0"), the_state))}
            tensors.update({f"{name}/{key}": t for key, t in {**inputs, **exact}.items()})

            def relative(key):
                return float((exact[key] - rough[key]).abs().max() / exact[key].abs().max())

            names = ("y", "g_decay", "g_first", "g_k", "g_v")
            cases.append({"name": name, "B": B, "T": T, "C": C, "initial_state": bool(the_state),
                          "float32_rel_diff": {short: relative(key) for short, key in
                                               zip(names, ("y",) + WKV_GRADIENTS)}})
    ops.write("wkv", tensors, cases=cases,
              layout="k,v,y [B,T,C]; states [B,C]; w = -exp(time_decay); gradients are with "
                     "respect to time_decay (not w)")


def write_layer_norm(ops, C=21):
    source = Source(31)
    binary = (source.uniform(C) < 0.5).double()
    x = torch.stack([source.normal(C), 1000 + source.normal(C),
                     torch.full((C,), 3.25, dtype=torch.float64), 1e-4 * source.normal(C),
                     1e3 * source.normal(C), binary, source.normal(C)])
    x = as_float32(x).requires_grad_(True)
    weight = as_float32(1 + 0.4 * source.normal(C)).requires_grad_(True)
    bias = as_float32(0.3 * source.normal(C)).requires_grad_(True)
    grad_y = source.normal(7, C)
    y = torch.nn.functional.layer_norm(x, (C,), weight, bias, 1e-5)
    dx, dweight, dbias = torch.autograd.grad(y, [x, weight, bias], grad_y)
    ops.write("layer_norm", {"x": x, "weight": weight, "bias": bias, "grad_y": grad_y, "y": y,
                             "grad_x": dx, "grad_weight": dweight, "grad_bias": dbias},
              note="eps 1e-5 inside the root, biased variance; rows: normal, +1000 offset, "
                   "constant, 1e-4 scale, 1e3 scale, binary, normal. Row 1 needs a two-pass or "
                   "shifted variance in float32")


def write_token_shift(ops, B=2, T=5, C=13):
    source = Source(41)
    x = source.normal(B, T, C).requires_grad_(True)
    mix = as_float32(source.uniform(C) * 1.1 + 0.1).requires_grad_(True)
    prev, grad_out = source.normal(B, C), source.normal(B, T, C)
    tensors = {"x": x, "prev": prev, "mix": mix, "grad_out": grad_out}
    for name, before in (("zero", torch.zeros_like(prev)), ("prev", prev)):
        past = torch.cat([before[:, None], x[:, :-1]], 1)
        out = x * mix + past * (1 - mix)
        dx, dmix = torch.autograd.grad(out, [x, mix], grad_out)
        tensors.update({f"{name}/out": out, f"{name}/grad_x": dx, f"{name}/grad_mix": dmix})
    ops.write("token_shift", tensors,
              note="out_t = x_t*mix + x_{t-1}*(1-mix); x_{-1} = 0 ('zero') or prev ('prev'); "
                   "mix may exceed 1")


def write_cross_entropy(ops, B=2, T=5, V=13):
    source = Source(51)
    logits = source.normal(B, T, V) * 3
    logits[0, 0] *= 10
    logits[0, 2] = torch.where(source.uniform(V) < 0.5, -1e4, 1e4).double()
    logits = as_float32(logits).requires_grad_(True)
    targets = torch.from_numpy(source.random.integers(0, V, (B, T)))
    targets[0, 2] = int(logits[0, 2].argmax())
    each = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1),
                                             reduction="none").reshape(B, T)
    loss = ref.loss_of(logits, targets, l2wrap=False)
    grad = torch.autograd.grad(loss, logits)[0]
    wrapped = torch.autograd.grad(ref.loss_of(logits, targets), logits)[0]
    ops.write("cross_entropy", {"logits": logits, "targets": targets, "loss": loss.reshape(1),
                                "loss_per_token": each, "grad": grad, "grad_l2wrap": wrapped},
              note="mean over B*T; L2Wrap adds 1e-4/(B*T)*max_logit at the argmax; row [0,2] holds "
                   "+-1e4 logits with ties: skip grad_l2wrap there",
              bpc=float(loss) / math.log(2), ppl=math.exp(float(loss)))


def write_adam(ops):
    source = Source(61)
    P = {"a": source.normal(3, 5), "b": source.normal(7)}
    adam, tensors, steps = ref.Adam(P), {}, []
    schedule = {"lr_init": 6e-4, "lr_final": 1e-5, "warmup_tokens": 100, "final_tokens": 384,
                "tokens_per_step": 64}
    for step, scale in enumerate((0.05, 2.0, 1e-3, 0.5, 1e-6, 10.0)):
        grads = {name: as_float32(source.normal(*p.shape) * scale) for name, p in P.items()}
        lr = schedule["lr_init"] if step == 0 else ref.learning_rate(
            step * schedule["tokens_per_step"], schedule["lr_init"], schedule["lr_final"],
            schedule["warmup_tokens"], schedule["final_tokens"])
        tensors.update({f"p{step}/{name}": p for name, p in P.items()})
        tensors.update({f"g{step}/{name}": g for name, g in grads.items()})
        P = dict(P)
        steps.append({"step": step, "lr": lr, "grad_norm": adam.step(P, grads, lr)})
    tensors.update({f"p{len(steps)}/{name}": p for name, p in P.items()})
    ops.write("adam", tensors, steps=steps, betas=adam.betas, eps=adam.eps, clip=adam.clip,
              lr_schedule=schedule)


def write_sampling(ops, V=13):
    source, tensors, cases = Source(71), {}, []
    for number, (top_p, temperature) in enumerate(
            ((0.7, 1.5), (0.9, 1.0), (0.5, 0.8), (0.99, 2.0), (0.05, 1.0))):
        logits = as_float32(source.normal(V) * 2)
        weights = ref.sampling_filter(logits, top_p, temperature)
        tensors.update({f"{number}/logits": logits, f"{number}/unnormalised": weights,
                        f"{number}/probs": weights / weights.sum()})
        cases.append({"id": number, "top_p": top_p, "temperature": temperature,
                      "kept": int((weights > 0).sum())})
    ops.write("sampling", tensors, cases=cases,
              note="official order: softmax, top-p cut (keep p >= p of the first sorted entry "
                   "whose cumulative sum exceeds top_p), then p^(1/T), then multinomial")


def node_case(source, most, signed, x, threshold):
    """An event node with a given gradient of its events."""
    leaves = [t.requires_grad_(True) for t in (x, threshold)]
    u = ref.in_thresholds(*leaves)
    s = ref.Level.apply(u, most, signed)
    grad_s = source.normal(*x.shape)
    dx, dthreshold = torch.autograd.grad(s, leaves, grad_s)
    return {"x": x, "th": threshold, "u": u, "s": s, "grad_s": grad_s, "grad_x": dx,
            "grad_th": dthreshold}


def spread_out(source, most, signed, shape, threshold):
    """Numbers of which all levels are made and none is near a threshold."""
    margin = 0.0
    while margin < MARGIN:
        x = as_float32(source.normal(*shape) * threshold * (most + 1) / 2)
        margin = ref.event_margin(ref.in_thresholds(x, threshold), most, signed)
    return x


def ties(most, signed, N):
    """Numbers right at thresholds and next to them; thresholds are powers of two: exact."""
    threshold = 2.0 ** torch.arange(-3, N - 3, dtype=torch.float64)
    steps = [n - (ref.SHIFT if signed else 0) for n in range(1, most + 1)]
    u = torch.tensor([x for step in steps for x in (step, -step)], dtype=torch.float64)
    return (u[:, None] * threshold)[None], threshold


def write_event_node(ops, B=2, T=3, N=7):
    source, tensors, cases = Source(81), {}, []

    def keep(name, values, **description):
        tensors.update({f"{name}/{key}": value for key, value in values.items()})
        cases.append({"case": name, **description})

    def thresholds():
        return as_float32(0.2 + 0.3 * source.uniform(N))

    def kind(signed, most):
        return {"kind": "signed" if signed else "unsigned", "levels": most}

    for signed, most in ((False, 1), (False, 3), (False, 7), (False, 15), (True, 1), (True, 3)):
        threshold = thresholds()
        x = spread_out(source, most, signed, (B, T, N), threshold)
        keep(("s" if signed else "u") + str(most), node_case(source, most, signed, x, threshold),
             **kind(signed, most))
    small = as_float32(torch.tensor([9e-4, 0.0, -0.3, 1e-6, 0.25, 1e-3, -1e-9]).double())
    x = spread_out(source, 7, False, (B, T, N), small.clamp(min=1e-3))
    keep("u7_clamp", node_case(source, 7, False, x, small), **kind(False, 7))
    for signed, most in ((False, 7), (True, 3)):
        name = ("s" if signed else "u") + f"{most}_ties"
        keep(name, node_case(source, most, signed, *ties(most, signed, N)), **kind(signed, most))

    u = as_float32(torch.arange(-4.0, 16.5, 0.37, dtype=torch.float64))
    keep("dsdu", {"u": u, **{f"u{most}": ref.level_slope(u, most, False) for most in (1, 3, 7, 15)},
                  **{f"s{most}": ref.level_slope(u, most, True) for most in (1, 3)}})

    m = as_float32(torch.tensor([0.5, 0.49999, 0.0, 1.0, 1.7, -0.2] + [0.4, 0.6] * 4).double())
    for carried in (False, True):
        x, prev = (torch.from_numpy(source.random.integers(0, 8, shape)).double()
                   for shape in ((B, T, len(m)), (B, len(m))))
        leaves = [t.clone().requires_grad_(True) for t in (x, m, prev)]
        before = leaves[2] if carried else torch.zeros_like(prev)
        out = ref.select(leaves[1], leaves[0], torch.cat([before[:, None], leaves[0][:, :-1]], 1))
        grad_out = source.normal(*x.shape)
        dx, dm, dprev = torch.autograd.grad(out, leaves, grad_out, allow_unused=True)
        keep("hard_shift" + "_prev" * carried,
             {"x": x, "m": m, "out": out, "grad_out": grad_out, "grad_x": dx, "grad_m": dm,
              **({"prev": prev, "grad_prev": dprev} if carried else {})})

    y = source.normal(B, T, N)
    y[0, 0], y[1, 1] = 0, as_float32(y[1, 1] * 1e-3)
    y = as_float32(y).requires_grad_(True)
    z, grad_z = ref.rms_norm(y), source.normal(B, T, N)
    keep("rms", {"y": y, "z": z, "grad_z": grad_z, "grad_y": torch.autograd.grad(z, y, grad_z)[0]})
    margin = 0.0
    while margin < MARGIN:
        y, threshold = (t.requires_grad_(True) for t in (source.normal(B, T, N), thresholds()))
        u = ref.in_thresholds(ref.rms_norm(y), threshold)
        margin = ref.event_margin(u.detach(), 3, True)
    s, grad_s = ref.Level.apply(u, 3, True), source.normal(B, T, N)
    dy, dthreshold = torch.autograd.grad(s, (y, threshold), grad_s)
    keep("rms_s3", {"y": y, "th": threshold, "u": u, "s": s, "grad_s": grad_s, "grad_y": dy,
                    "grad_th": dthreshold}, **kind(True, 3))

    x, threshold = (t.requires_grad_(True) for t in (source.normal(B, T, N), thresholds()))
    h, grad_h = ref.relu2_above(x, threshold)[0], source.normal(B, T, N)
    dx, dthreshold = torch.autograd.grad(h, (x, threshold), grad_h)
    keep("relu2", {"x": x, "th": threshold, "h": h, "grad_h": grad_h, "grad_x": dx,
                   "grad_th": dthreshold})

    for name, most, signed in (("unsigned", 7, False), ("signed", 3, True), ("relu2", 0, False)):
        threshold = thresholds()
        x = spread_out(source, most or 1, signed, (B, T, N), threshold)
        leaves = [t.requires_grad_(True) for t in (x, threshold)]
        events = ref.Level.apply(ref.in_thresholds(*leaves), most, signed).abs() if most else \
            ref.relu2_above(*leaves)[1]
        dx, dthreshold = torch.autograd.grad(events.mean(), leaves)
        keep("reg_" + name, {"x": x, "th": threshold, "value": events.mean().reshape(1),
                             "grad_x": dx, "grad_th": dthreshold}, **kind(signed, most))
    ops.write("event_node", tensors, cases=cases,
              layout="[B,T,N], thresholds [N]; u numbers in units of thresholds, s events; grad_s, "
                     "grad_h, grad_z, grad_out are given; reg_*: the mean of levels, or of what "
                     "stands for active channels, and its gradient")


def write_event_driven_identity(ops, T=5, C=21, N=13):
    source = Source(91)
    s0 = (source.uniform(T, C) < 0.5).double()
    n = torch.from_numpy(source.random.binomial(6, 0.2, (T, C)).astype(np.int32))
    gains = [as_float32(1 + 0.3 * source.normal(C)) for _ in range(2)]
    biases = [as_float32(0.2 * source.normal(C)) for _ in range(2)]
    mix, W = source.uniform(C), as_float32(source.normal(N, C) / math.sqrt(C))
    x = torch.nn.functional.layer_norm(s0, (C,), gains[0], biases[0], 1e-5) + n
    h = torch.nn.functional.layer_norm(x, (C,), gains[1], biases[1], 1e-5)
    past = torch.cat([torch.zeros_like(h[:1]), h[:-1]])
    ops.write("event_driven_identity",
              {"s0/s": s0, "n": n, "ln0_w": gains[0], "ln0_b": biases[0], "ln1_w": gains[1],
               "ln1_b": biases[1], "mix": mix, "W": W, "y": (mix * h + (1 - mix) * past) @ W.T},
              note="s0 bits, n counts of spikes [T,C]; x = LN0(s0) + n, h = LN1(x), y = W (mix h "
                   "+ (1 - mix) h of the step before)")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--verify", type=Path, metavar="DIR")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.verify:
        sys.exit(0 if verify(options.verify) else "differences above 1e-6")
    for number, (name, (settings, B, T)) in enumerate(MODEL_CASES.items(), 1):
        write_model_case(options.out / name, settings, B, T, 10000 * number)
    ops = Ops(options.out / "ops")
    for write in (write_lif, write_surrogates, write_wkv, write_layer_norm, write_token_shift,
                  write_cross_entropy, write_adam, write_sampling, write_event_node,
                  write_event_driven_identity):
        write(ops)


if __name__ == "__main__":
    main()
