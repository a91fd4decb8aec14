# SPDX-License-Identifier: MIT
"""SpikeGPT and its variants in plain PyTorch: slow, short, and independent of the C++ code.

Two paths through each model: `forward` takes whole sequences and has a gradient, `rnn_step` takes
one token and has none. The hand-written backward passes (LIF, WKV, levels of events) are the
formulas that the C++ kernels implement. Weights carry the names of the official checkpoints.

B batch, T time, C channels, V vocabulary, H hidden width, L layers. Activations [B,T,C], linear
weights [out,in].
"""
import json
import math
import struct

import numpy as np
import torch
import torch.nn.functional as F

# Safetensors.

DTYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32, "U8": np.uint8,
          "I8": np.int8}
DTYPE_NAMES = {np.dtype(kind): name for name, kind in DTYPES.items()}


def save_tensors(path, tensors, metadata=None):
    """Writes a safetensors file, widest types first so that all data is aligned."""
    header = {"__metadata__": metadata} if metadata else {}
    arrays = {name: np.asarray(t.detach().numpy() if torch.is_tensor(t) else t)
              for name, t in tensors.items()}
    data = b""
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
        end = len(data) + array.nbytes
        header[name] = {"dtype": DTYPE_NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [len(data), end]}
        data += array.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load_tensors(path):
    """Reads a safetensors file: a dictionary of arrays, and the metadata."""
    raw = path.read_bytes()
    base = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:base])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(raw[base + begin:base + end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"]).copy()
    return tensors, metadata


# Configuration.

# bin_emb: the embedding is binarised. output: the node behind each half of a block.
# hidden: what stands between the two matrices of the channel mix. input: the node before a matrix;
# events have one before the token shift, or one for each matrix behind it.
VARIANTS = {
    "vanilla_rwkv": dict(bin_emb=False, output="none", hidden="relu2", input="none"),
    "heaviside_rwkv": dict(bin_emb=True, output="heaviside", hidden="relu2", input="none"),
    "spikegpt": dict(bin_emb=True, output="lif", hidden="relu2", input="none"),
    "spikegpt_b": dict(bin_emb=True, output="lif", hidden="lif", input="none"),
    "spike_driven": dict(bin_emb=False, output="none", hidden="lif", input="lif"),
    "event_driven": dict(bin_emb=False, output="none", hidden="relu2", input="shared_events"),
    "event_driven_post": dict(bin_emb=False, output="none", hidden="relu2", input="own_events"),
}
CONFIG_KEYS = ("variant", "L", "C", "V", "ctx", "tau", "vth", "vreset", "decay_input", "detach",
               "sg", "alpha", "ffn_pre", "bin_emb", "H")
EVENT_KEYS = ("levels_in", "levels_out", "levels_head", "reg_lambda")


class Config:
    """Sizes of a model, its variant and its neuron. vreset None is the soft reset. Of events: how
    many levels they have at most, and what full activity of all of them adds to the loss."""

    def __init__(self, variant="spikegpt", L=3, C=32, V=77, ctx=1024, tau=2.0, vth=1.0, vreset=0.0,
                 decay_input=True, detach=False, sg="atan", alpha=2.0, ffn_pre=False, bin_emb=None,
                 H=None, levels_in=7, levels_out=3, levels_head=7, reg_lambda=0.2):
        self.variant, self.L, self.C, self.V, self.ctx = variant, L, C, V, ctx
        self.tau, self.vth, self.vreset = tau, vth, vreset
        self.decay_input, self.detach, self.sg, self.alpha = decay_input, detach, sg, alpha
        self.ffn_pre = ffn_pre
        self.H = H or 4 * C
        self.levels_in, self.levels_out, self.levels_head = levels_in, levels_out, levels_head
        self.reg_lambda = reg_lambda
        traits = VARIANTS[variant]
        self.output, self.hidden, self.input = traits["output"], traits["hidden"], traits["input"]
        self.bin_emb = traits["bin_emb"] if bin_emb is None else bin_emb
        self.events = self.input.endswith("events")

    def values(self):
        return {key: getattr(self, key) for key in CONFIG_KEYS + EVENT_KEYS * self.events}

    def metadata(self):
        return {key: json.dumps(value) for key, value in self.values().items()}

    @staticmethod
    def from_metadata(metadata):
        values = {key: json.loads(value) for key, value in metadata.items()}
        if values.get("form") == "post":  # another name for it
            values["variant"] = "event_driven_post"
        return Config(**{k: v for k, v in values.items() if k in CONFIG_KEYS + EVENT_KEYS})

    def has_attention(self, layer):
        """With ffn_pre the first block has a second channel mix in place of its time mix."""
        return not (layer == 0 and self.ffn_pre)


def parameter_shapes(c):
    """Names and shapes in the order of the official checkpoints."""
    shapes = {"emb.weight": (c.V, c.C)}

    def thresholds(prefix):
        for site in event_sites(c).values():
            if site.threshold.startswith(prefix):
                shapes[site.threshold] = (site.width,)

    def channel_mix(prefix):
        shapes[prefix + "time_mix_k"] = shapes[prefix + "time_mix_r"] = (1, 1, c.C)
        shapes[prefix + "key.weight"] = (c.H, c.C)
        shapes[prefix + "receptance.weight"] = (c.C, c.C)
        shapes[prefix + "value.weight"] = (c.C, c.H)
        thresholds(prefix)

    def time_mix(prefix):
        shapes[prefix + "time_decay"] = shapes[prefix + "time_first"] = (c.C,)
        for name in "kvr":
            shapes[prefix + "time_mix_" + name] = (1, 1, c.C)
        for name in ("key", "value", "receptance", "output"):
            shapes[f"{prefix}{name}.weight"] = (c.C, c.C)
        thresholds(prefix)

    for i in range(c.L):
        block = f"blocks.{i}."
        for name in ("ln1", "ln2", "ln0") if i == 0 else ("ln1", "ln2"):
            shapes[f"{block}{name}.weight"] = shapes[f"{block}{name}.bias"] = (c.C,)
        if c.has_attention(i):
            time_mix(block + "att.")
        else:
            channel_mix(block + "ffnPre.")
        channel_mix(block + "ffn.")
    shapes["ln_out.weight"] = shapes["ln_out.bias"] = (c.C,)
    shapes["head.weight"] = (c.V, c.C)
    thresholds("head_")
    return shapes


# How strongly each matrix is scaled so that every neuron of an untrained model fires now and then:
# (att or ffn, matrix) -> gain.
GAINS = {
    "spikegpt": {"output": 4.0, "att.key": 1.5, "ffn.key": 1.0, "receptance": 1.5,
                 "att.value": 2.0, "ffn.value": 3.5},
    "spikegpt_b": {"output": 4.0, "att.key": 1.5, "ffn.key": 2.5, "receptance": 1.5,
                   "att.value": 2.0, "ffn.value": 6.0},
    "spike_driven": {"output": 2.0, "att.key": 3.0, "ffn.key": 6.0, "receptance": 3.0,
                     "att.value": 12.0, "ffn.value": 3.0},
    "event_driven": {"output": 1.5, "att.key": 0.7, "ffn.key": 0.6, "att.receptance": 1.2,
                     "ffn.receptance": 0.8, "ffn.value": 1.5, "head": 0.6},
    "vanilla_rwkv": {},
}
GAINS["heaviside_rwkv"] = GAINS["spikegpt"]
GAINS["event_driven_post"] = GAINS["event_driven"]
# Around which the thresholds of events lie; of those that are not named 0.28.
THRESHOLDS = {"output_threshold": 0.9, "value_threshold": 0.6}


def test_parameters(c, seed):
    """Random parameters around RWKV's curves, every one of them away from its special values."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    channel = torch.arange(c.C, dtype=torch.float64)
    parameters = {}
    for name, shape in parameter_shapes(c).items():
        parts = name.split(".")
        leaf, layer = parts[-1], int(parts[1]) if parts[0] == "blocks" else 0
        up, down = layer / max(c.L - 1, 1), 1 - layer / c.L
        noise = 0.2
        if leaf == "time_decay":
            value, noise = -5 + 8 * (channel / (c.C - 1)) ** (0.7 + 1.3 * up), 0.3
        elif leaf == "time_first":
            value, noise = math.log(0.3) + 0.5 * ((channel + 1) % 3 - 1), 0.3
        elif leaf.startswith("time_mix_"):
            power = 0.5 * down if leaf.endswith("r") and parts[2] == "att" else down
            value = (channel / c.C) ** power + (0.3 * up if leaf.endswith("v") else 0)
            noise = 0.05
        elif "threshold" in leaf:
            value, noise = THRESHOLDS.get(leaf, 0.28) * torch.exp(0.2 * normal(*shape)), 0
        elif parts[-2].startswith("ln"):
            value = torch.full((c.C,), 1.0 if leaf == "weight" else 0.0, dtype=torch.float64)
            if c.variant == "spike_driven" and parts[-2] != "ln0":
                value = value * 2.5
            if c.events and leaf == "bias" and parts[-2] != "ln0":
                value = value - 0.15
        else:
            matrix = parts[-2]
            floor = "att." if ".att." in name else "ffn."
            gains = GAINS[c.variant]
            gain = gains.get(floor + matrix, gains.get(matrix, 1.0))
            scale = 1 if name == "emb.weight" else gain / math.sqrt(shape[1])
            value, noise = normal(*shape) * scale, 0
        if noise:
            value = value + normal(c.C) * noise
        if c.input == "shared_events" and leaf.startswith("time_mix_"):
            # The weight is compared with 1/2, and three steps of training must not lead across it.
            value = torch.where((value - 0.5).abs() < 5e-3, value + 0.01, value)
        parameters[name] = value.reshape(shape).float()
    return parameters


# Surrogates.


def surrogate_gradient(name, x, a):
    """What stands for the derivative of the step function at x; a is the slope."""
    distance = x.abs()
    if name == "atan":
        return (a / 2) / (1 + (math.pi / 2 * a * x) ** 2)
    if name == "sigmoid":
        s = torch.sigmoid(a * x)
        return a * s * (1 - s)
    if name == "triangle":
        return torch.clamp(a - a * a * distance, min=0)
    if name == "softsign":
        return a / (2 * (1 + a * distance) ** 2)
    if name == "superspike":
        return 1 / (1 + a * distance) ** 2
    if name == "erf":
        return a / math.sqrt(math.pi) * torch.exp(-(a * x) ** 2)
    if name == "leaky":  # slope a in a window of width 2/a, 0.01 outside
        return torch.where(distance < 1 / a, torch.full_like(x, a), torch.full_like(x, 0.01))
    if name == "boxcar":
        return a * (distance < 0.5 / a).to(x)
    if name == "ste":
        return torch.ones_like(x)
    raise ValueError(name)


def surrogate_primitive(name, x, a):
    """A smooth step whose derivative is the surrogate, or None where nobody uses one."""
    if name == "atan":
        return torch.atan(math.pi / 2 * a * x) / math.pi + 0.5
    if name == "sigmoid":
        return torch.sigmoid(a * x)
    if name == "triangle":
        inside = 0.5 + a * x - 0.5 * a * a * x * x.abs()
        return torch.where(x.abs() > 1 / a, (x > 0).to(x), inside)
    if name == "softsign":
        return 0.5 * (a * x / (1 + a * x.abs()) + 1)
    if name == "superspike":
        return x / (1 + a * x.abs())
    if name == "erf":
        return 0.5 * torch.erfc(-a * x)
    return None


class Step(torch.autograd.Function):
    """1 where x >= 0; backward with a surrogate."""

    @staticmethod
    def forward(ctx, x, surrogate, slope):
        ctx.save_for_backward(x)
        ctx.surrogate = surrogate, slope
        return (x >= 0).to(x)

    @staticmethod
    def backward(ctx, grad):
        surrogate, slope = ctx.surrogate
        return grad * surrogate_gradient(surrogate, ctx.saved_tensors[0], slope), None, None


# The neuron.


def charge(v, x, tau, vreset, decay_input):
    """The membrane before the threshold."""
    rest = vreset or 0.0
    return v + (x - (v - rest)) / tau if decay_input else v - (v - rest) / tau + x


def reset(h, s, vth, vreset):
    """The membrane after the reset: to a value, or down by the threshold (soft)."""
    return h - s * vth if vreset is None else (1 - s) * h + s * vreset


class Lif(torch.autograd.Function):
    """x [T,...], v0 [...] -> spikes s, membrane v after the reset, membrane h before it.

    Backward, with d the surrogate at h - vth and g the gradient of h:
      g_t = ds_t d_t + (dv_t + (1 - 1/tau) g_{t+1}) R_t
      R_t = 1 - s_t (hard) or 1 (soft), and unless detached + (vreset - h_t) d_t or - vth d_t
      dx_t = g_t / tau with decay_input, else g_t;   dv0 = (1 - 1/tau) g_1
    """

    @staticmethod
    def forward(ctx, x, v0, tau, vth, vreset, decay_input, detach, surrogate, slope):
        v, spikes, before, after = v0, [], [], []
        for xt in x:
            h = charge(v, xt, tau, vreset, decay_input)
            s = (h >= vth).to(h)
            v = reset(h, s, vth, vreset)
            spikes.append(s)
            before.append(h)
            after.append(v)
        s, v, h = torch.stack(spikes), torch.stack(after), torch.stack(before)
        ctx.save_for_backward(s, h)
        ctx.options = tau, vth, vreset, decay_input, detach, surrogate, slope
        ctx.mark_non_differentiable(h)
        return s, v, h

    @staticmethod
    def backward(ctx, ds, dv, _):
        s, h = ctx.saved_tensors
        tau, vth, vreset, decay_input, detach, surrogate, slope = ctx.options
        keep, g, dx = 1 - 1 / tau, torch.zeros_like(s[0]), torch.empty_like(s)
        for t in range(len(s) - 1, -1, -1):
            d = surrogate_gradient(surrogate, h[t] - vth, slope)
            through = torch.ones_like(d) if vreset is None else 1 - s[t]
            if not detach:
                through = through + (-vth if vreset is None else vreset - h[t]) * d
            g = ds[t] * d + (dv[t] + g * keep) * through
            dx[t] = g / tau if decay_input else g
        return (dx, g * keep) + (None,) * 7


# Events.

LEAST_THRESHOLD = 1e-3  # what a smaller threshold counts as
SHIFT = 0.25  # so much lower are the thresholds of events with a sign
RMS_EPS = 1e-6


class EventSite:
    """A node: the most levels of its events (0: they are relu^2 above a threshold), whether these
    have a sign, the name of its thresholds, its channels, how many outputs read each of them."""

    def __init__(self, most, signed, threshold, width, fan_out):
        self.most, self.signed, self.threshold = most, signed, threshold
        self.width, self.fan_out = width, fan_out


def event_sites(c):
    """Every event node by name."""
    sites = {}

    def inputs(prefix, readers):
        if c.input == "shared_events":
            sites[prefix + "ev_x"] = EventSite(c.levels_in, False, prefix + "threshold", c.C,
                                               sum(readers.values()))
            return
        for name, fan_out in readers.items():
            sites[prefix + "ev_" + name] = EventSite(c.levels_in, False,
                                                     prefix + "threshold_" + name, c.C, fan_out)

    def channel_mix(prefix):
        inputs(prefix, {"k": c.H, "r": c.C})
        sites[prefix + "ev_v"] = EventSite(0, False, prefix + "value_threshold", c.H, c.C)

    if not c.events:
        return sites
    for i in range(c.L):
        block = f"blocks.{i}."
        if c.has_attention(i):
            inputs(block + "att.", {"k": c.C, "v": c.C, "r": c.C})
            sites[block + "att.ev_o"] = EventSite(c.levels_out, True,
                                                  block + "att.output_threshold", c.C, c.C)
        else:
            channel_mix(block + "ffnPre.")
        channel_mix(block + "ffn.")
    sites["ev_head"] = EventSite(c.levels_head, False, "head_threshold", c.C, c.V)
    return sites


def level(u, most, signed):
    """How many of the thresholds 1, 2, ... u has passed; with a sign there are as many below 0."""
    shift = SHIFT if signed else 0.0
    levels = torch.zeros_like(u)
    for n in range(1, most + 1):
        levels = levels + (u >= n - shift).to(u)
        if signed:
            levels = levels - (u <= shift - n).to(u)
    return levels


def level_slope(u, most, signed):
    """What stands for the derivative: that of the arctan at every threshold."""
    shift = SHIFT if signed else 0.0
    slope = torch.zeros_like(u)
    for n in range(1, most + 1):
        slope = slope + surrogate_gradient("atan", u - (n - shift), 2.0)
        if signed:
            slope = slope + surrogate_gradient("atan", u + (n - shift), 2.0)
    return slope


class Level(torch.autograd.Function):
    """Events of numbers in units of thresholds."""

    @staticmethod
    def forward(ctx, u, most, signed):
        ctx.save_for_backward(u)
        ctx.kind = most, signed
        return level(u, most, signed)

    @staticmethod
    def backward(ctx, ds):
        return ds * level_slope(ctx.saved_tensors[0], *ctx.kind), None, None


def event_margin(u, most, signed):
    """How near u comes to a threshold."""
    thresholds = torch.arange(1, most + 1, dtype=u.dtype) - (SHIFT if signed else 0.0)
    return float(((u.abs() if signed else u)[..., None] - thresholds).abs().min())


def relu2_above(x, threshold):
    """Squares of what is above the threshold, and what stands for 1 where that is active."""
    return torch.relu(x - threshold) ** 2, torch.sigmoid(x - threshold)


def in_thresholds(x, threshold):
    return x / threshold.clamp(min=LEAST_THRESHOLD)


def select(m, now, before):
    """now where m >= 1/2, else before; the gradient of m is that of a mix."""
    hard = (m >= 0.5).to(m) + (m - m.detach())
    return hard * now + (1 - hard) * before


def rms_norm(y):
    return y / torch.sqrt((y * y).mean(-1, keepdim=True) + RMS_EPS)


def activity(c, active):
    """The share of all synapses that events use: `active` has for each site the sum of levels (or
    of what stands for active channels) of a row, on average."""
    sites = event_sites(c)
    synapses = sum(site.fan_out * site.width for site in sites.values())
    return sum(active[name] * site.fan_out for name, site in sites.items()) / synapses


# WKV.


class Wkv(torch.autograd.Function):
    """y_t = (a_t + e^{u+k_t} v_t) / (b_t + e^{u+k_t}) with
    a_{t+1} = e^w a_t + e^{k_t} v_t, b_{t+1} = e^w b_t + e^{k_t} and w = -exp(time_decay).

    The state is kept as a = e^o p, b = e^o q, so that no exponent is ever positive. The backward
    sweep keeps the adjoints of a and b scaled by e^{-r} in the same way.
    """

    @staticmethod
    def forward(ctx, time_decay, u, k, v, aa=None, bb=None, pp=None):
        w = -torch.exp(time_decay)
        p = torch.zeros_like(k[:, 0]) if aa is None else aa
        q = torch.zeros_like(p) if bb is None else bb
        o = torch.full_like(p, -1e38) if pp is None else pp
        kept = [[] for _ in range(6)]
        for t in range(k.shape[1]):
            n = torch.maximum(o, u + k[:, t])
            past, now = torch.exp(o - n), torch.exp(u + k[:, t] - n)
            weight = past * q + now
            y = (past * p + now * v[:, t]) / weight
            for one, value in zip(kept, (y, weight, n, o, p, q)):
                one.append(value)
            n = torch.maximum(o + w, k[:, t])
            past, now = torch.exp(o + w - n), torch.exp(k[:, t] - n)
            p, q, o = past * p + now * v[:, t], past * q + now, n
        kept = [torch.stack(one, 1) for one in kept]
        ctx.save_for_backward(w, u, k, v, *kept)
        ctx.mark_non_differentiable(p, q, o)
        return kept[0], p, q, o

    @staticmethod
    def backward(ctx, dy, *_):
        w, u, k, v, y, weight, n, o, p, q = ctx.saved_tensors
        dk, dv = torch.empty_like(k), torch.empty_like(v)
        du, dw = torch.zeros_like(u), torch.zeros_like(w)
        da, db = torch.zeros_like(k[:, 0]), torch.zeros_like(k[:, 0])
        r = torch.full_like(da, -1e38)
        for t in range(k.shape[1] - 1, -1, -1):
            kt, vt, yt, g = k[:, t], v[:, t], y[:, t], dy[:, t] / weight[:, t]
            e = torch.exp(u + kt - n[:, t]) * g
            f = torch.exp(kt + r)
            dk[:, t] = e * (vt - yt) + f * (da * vt + db)
            dv[:, t] = e + f * da
            du = du + (e * (vt - yt)).sum(0)
            dw = dw + (torch.exp(w + r + o[:, t]) * (da * p[:, t] + db * q[:, t])).sum(0)
            m = torch.maximum(w + r, -n[:, t])
            past, now = torch.exp(w + r - m), torch.exp(-n[:, t] - m) * g
            da, db, r = past * da + now, past * db - now * yt, m
        return dw * w, du, dk, dv, None, None, None


# Whole sequences.


def forward(P, c, tokens, trace=None, active=None):
    """tokens [B,T] -> logits [B,T,V]. `trace`, a dictionary, receives every intermediate value;
    a spiking site leaves <site>.h, its membrane before the threshold, and <site>.s, its spikes; an
    event node <site>.u, numbers in units of thresholds, and <site>.s. `active` receives what
    activity() wants to know."""
    sites = event_sites(c)

    def put(name, value):
        if trace is not None:
            trace[name] = value.detach()

    def layer_norm(x, name):
        y = F.layer_norm(x, (c.C,), P[name + ".weight"], P[name + ".bias"], 1e-5)
        put(name.replace("blocks.0.ln0", "ln0"), y)
        return y

    def linear(x, name):
        return x @ P[name + ".weight"].T

    def step(x, site, surrogate, slope):
        put(site + ".h", x)
        s = Step.apply(x, surrogate, slope)
        put(site + ".s", s)
        return s

    def lif(x, site):
        v0 = torch.zeros_like(x[:, 0]) + (c.vreset or 0.0)
        s, _, h = Lif.apply(x.transpose(0, 1), v0, c.tau, c.vth, c.vreset, c.decay_input, c.detach,
                            c.sg, c.alpha)
        put(site + ".h", h.transpose(0, 1))
        put(site + ".s", s.transpose(0, 1))
        return s.transpose(0, 1)

    def node(kind, x, site):
        if kind == "none":
            return x
        return lif(x, site) if kind == "lif" else step(x, site, c.sg, c.alpha)

    def events(x, name):
        site = sites[name]
        threshold = P[site.threshold]
        if site.most == 0:
            y, amount = relu2_above(x, threshold)
            put(name.replace("ev_v", "h"), y)
        else:
            u = in_thresholds(x, threshold)
            y = Level.apply(u, site.most, site.signed)
            amount = y.abs()
            put(name + ".u", u)
            put(name + ".s", y)
        if active is not None:
            active[name] = amount.sum(-1).mean()
        return y

    def one_before(x):
        return F.pad(x, (0, 0, 1, 0))[:, :-1]

    def mixed(x, prefix, names):
        if c.input == "shared_events":
            x = events(x, prefix + "ev_x")
        past = one_before(x)
        for name in names:
            mix = P[prefix + "time_mix_" + name]
            if c.input == "shared_events":
                yield select(mix, x, past)
            elif c.input == "own_events":
                yield events(x * mix + past * (1 - mix), prefix + "ev_" + name)
            else:
                yield node(c.input, x * mix + past * (1 - mix), prefix + "lif_" + name)

    def channel_mix(x, prefix):
        xk, xr = mixed(x, prefix, "kr")
        k = linear(xk, prefix + "key")
        put(prefix + "k", k)
        if c.events:
            k = events(k, prefix + "ev_v")
        else:
            k = torch.relu(k) ** 2 if c.hidden == "relu2" else lif(k, prefix + "lif_v")
        kv, r = linear(k, prefix + "value"), linear(xr, prefix + "receptance")
        put(prefix + "kv", kv)
        put(prefix + "r", r)
        return torch.sigmoid(r) * kv

    def time_mix(x, prefix):
        xk, xv, xr = mixed(x, prefix, "kvr")
        k, v = linear(xk, prefix + "key"), linear(xv, prefix + "value")
        r = linear(xr, prefix + "receptance")
        y = Wkv.apply(P[prefix + "time_decay"], P[prefix + "time_first"], k, v)[0]
        for name, value in (("k", k), ("v", v), ("r", r), ("wkv", y)):
            put(prefix + name, value)
        y = torch.sigmoid(r) * y
        if c.events:
            put(prefix + "y", y)
            return linear(events(rms_norm(y), prefix + "ev_o"), prefix + "output")
        return linear(node(c.input, y, prefix + "lif_o"), prefix + "output")

    x = P["emb.weight"][tokens]
    if c.bin_emb:
        x = step(x, "emb", "atan", 2.0)
    x = layer_norm(x, "blocks.0.ln0")
    for i in range(c.L):
        block = f"blocks.{i}."
        a = layer_norm(x, block + "ln1")
        a = time_mix(a, block + "att.") if c.has_attention(i) else channel_mix(a, block + "ffnPre.")
        put(block + "att_out", a)
        x = x + node(c.output, a, block + "lif1")
        put(block + "x_mid", x)
        a = channel_mix(layer_norm(x, block + "ln2"), block + "ffn.")
        put(block + "ffn_out", a)
        x = x + node(c.output, a, block + "lif2")
        put(block + "x_out", x)
    x = layer_norm(x, "ln_out")
    x = events(x, "ev_head") if c.events else node(c.input, x, "lif_head")
    logits = linear(x, "head")
    put("logits", logits)
    return logits


def loss_of(logits, targets, l2wrap=True):
    """Mean cross entropy. L2Wrap leaves the value alone and adds to the gradient, at the largest
    logit of each position, 1e-4/(B T) times that logit."""
    B, T, V = logits.shape
    loss = F.cross_entropy(logits.reshape(-1, V), targets.reshape(-1))
    if l2wrap:
        penalty = 0.5e-4 / (B * T) * (logits.max(-1).values ** 2).sum()
        loss = loss + (penalty - penalty.detach())
    return loss


def gradients(P, c, tokens, targets, l2wrap=True, trace=None, priced=True):
    """Logits, loss and the gradient of every parameter: that of the loss and of what events cost,
    unless they shall have no price. `trace` receives `reg`, their activity, and the `total`."""
    leaves = {name: p.clone().requires_grad_(True) for name, p in P.items()}
    active = {}
    logits = forward(leaves, c, tokens, trace, active)
    loss = loss_of(logits, targets, l2wrap)
    total = loss
    if c.events:
        reg = activity(c, active)
        total = loss + c.reg_lambda * reg * priced
        if trace is not None:
            trace.update(reg=reg.detach().reshape(1), total=total.detach().reshape(1))
    total.backward()
    grads = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in leaves.items()}
    return logits.detach(), loss.detach(), grads


class Adam:
    """Adam with bias correction after clipping the global norm of the gradient."""

    def __init__(self, P, betas=(0.9, 0.99), eps=4e-9, clip=1.0):
        self.betas, self.eps, self.clip, self.steps = betas, eps, clip, 0
        self.m = {name: torch.zeros_like(p) for name, p in P.items()}
        self.v = {name: torch.zeros_like(p) for name, p in P.items()}

    def step(self, P, grads, lr):
        """Changes P, returns the norm before clipping."""
        self.steps += 1
        b1, b2 = self.betas
        norm = torch.sqrt(sum((g**2).sum() for g in grads.values()))
        scale = min(1.0, float(self.clip / (norm + 1e-6)))
        c1, c2 = 1 - b1**self.steps, 1 - b2**self.steps
        for name, g in grads.items():
            g = g * scale
            self.m[name] = b1 * self.m[name] + (1 - b1) * g
            self.v[name] = b2 * self.v[name] + (1 - b2) * g * g
            root = torch.sqrt(self.v[name]) / math.sqrt(c2) + self.eps
            P[name] = P[name] - lr / c1 * self.m[name] / root
        return float(norm)


def learning_rate(tokens, first, last, warmup_tokens, final_tokens):
    """The rate after the step that brought the counter to `tokens`; the first step uses `first`."""
    f = last / first
    if tokens < warmup_tokens:
        return first * (f + (1 - f) * tokens / warmup_tokens)
    progress = (tokens - warmup_tokens) / max(1, final_tokens - warmup_tokens)
    return first * ((0.5 + f / 2) + (0.5 - f / 2) * math.cos(math.pi * progress))


# One token at a time.


def lif_sites(c):
    """Every spiking neuron with a membrane, and its width."""
    sites = {}
    for i in range(c.L):
        block = f"blocks.{i}."
        pre = block + ("att." if c.has_attention(i) else "ffnPre.")
        if c.input == "lif":
            for name in "kvro" if c.has_attention(i) else "kr":
                sites[pre + "lif_" + name] = c.C
            sites[block + "ffn.lif_k"] = sites[block + "ffn.lif_r"] = c.C
        if c.hidden == "lif":
            sites[block + "ffn.lif_v"] = c.H
            if not c.has_attention(i):
                sites[pre + "lif_v"] = c.H
        if c.output == "lif":
            sites[block + "lif1"] = sites[block + "lif2"] = c.C
    if c.input == "lif":
        sites["lif_head"] = c.C
    return sites


def rnn_init(c, dtype=torch.float64):
    """The state before the first token: rows ffn_x, att_x, aa, bb, pp of each layer, membranes."""
    state = torch.zeros(5 * c.L, c.C, dtype=dtype)
    state[4::5] = -1e30
    memory = {"state": state}
    for site, width in lif_sites(c).items():
        memory[site + ".v"] = torch.full((width,), c.vreset or 0.0, dtype=dtype)
    return memory


@torch.no_grad()
def rnn_step(P, c, token, memory, margins=None, rescale=0):
    """One token -> logits [V]; changes `memory`. `margins` collects how near a threshold was. Where
    matrices share events, these are what a layer remembers of the step before. `rescale` is the
    released script's halving behind so many layers each: of the stream, and from there on of all
    that is added to it, in front of the nodes."""
    sites = event_sites(c)

    def layer_norm(x, name):
        x = (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + 1e-5)
        return x * P[name + ".weight"] + P[name + ".bias"]

    def node(kind, x, site):
        if kind == "none":
            return x
        lif = kind == "lif"
        h = charge(memory[site + ".v"], x, c.tau, c.vreset, c.decay_input) if lif else x
        distance = h - c.vth if lif else h
        if margins is not None:
            margins.append(float(distance.abs().min()))
        s = (distance >= 0).to(h)
        if lif:
            memory[site + ".v"] = reset(h, s, c.vth, c.vreset)
        return s

    def events(x, name):
        site = sites[name]
        threshold = P[site.threshold]
        if site.most == 0:
            return relu2_above(x, threshold)[0]
        u = in_thresholds(x, threshold)
        if margins is not None:
            margins.append(event_margin(u, site.most, site.signed))
        return level(u, site.most, site.signed)

    def matrix(name, x):
        return P[name + ".weight"] @ x

    def mixed(x, past, prefix, names):
        """What is to be remembered in place of `past`, and what the matrices read."""
        x = events(x, prefix + "ev_x") if c.input == "shared_events" else x
        read = []
        for name in names:
            mix = P[prefix + "time_mix_" + name].reshape(-1)
            if c.input == "shared_events":
                read.append(torch.where(mix >= 0.5, x, past))
            elif c.input == "own_events":
                read.append(events(x * mix + past * (1 - mix), prefix + "ev_" + name))
            else:
                read.append(node(c.input, x * mix + past * (1 - mix), prefix + "lif_" + name))
        return x, read

    def channel_mix(x, rows, row, prefix):
        rows[row], (xk, xr) = mixed(x, rows[row].clone(), prefix, "kr")
        k = matrix(prefix + "key", xk)
        if c.events:
            k = events(k, prefix + "ev_v")
        else:
            k = torch.relu(k) ** 2 if c.hidden == "relu2" else node("lif", k, prefix + "lif_v")
        return torch.sigmoid(matrix(prefix + "receptance", xr)) * matrix(prefix + "value", k)

    def time_mix(x, rows, prefix):
        rows[1], (xk, xv, xr) = mixed(x, rows[1].clone(), prefix, "kvr")
        k, v = matrix(prefix + "key", xk), matrix(prefix + "value", xv)
        r = torch.sigmoid(matrix(prefix + "receptance", xr))
        aa, bb, pp = rows[2].clone(), rows[3].clone(), rows[4].clone()
        bonus = P[prefix + "time_first"] + k
        m = torch.maximum(pp, bonus)
        past, now = torch.exp(pp - m), torch.exp(bonus - m)
        y = (past * aa + now * v) / (past * bb + now)
        decayed = pp - torch.exp(P[prefix + "time_decay"])
        m = torch.maximum(decayed, k)
        past, now = torch.exp(decayed - m), torch.exp(k - m)
        rows[2], rows[3], rows[4] = past * aa + now * v, past * bb + now, m
        if c.events:
            return matrix(prefix + "output", events(rms_norm(r * y), prefix + "ev_o"))
        return matrix(prefix + "output", node(c.input, r * y, prefix + "lif_o"))

    x = P["emb.weight"][token]
    if c.bin_emb:
        x = node("heaviside", x, "emb")
    x = layer_norm(x, "blocks.0.ln0")
    for i in range(c.L):
        block, rows = f"blocks.{i}.", memory["state"][5 * i:5 * i + 5]
        part = 0.5 ** (i // rescale) if rescale else 1.0
        z = layer_norm(x, block + "ln1")
        if c.has_attention(i):
            a = time_mix(z, rows, block + "att.")
        else:
            a = channel_mix(z, rows, 1, block + "ffnPre.")
        x = x + node(c.output, part * a, block + "lif1")
        a = channel_mix(layer_norm(x, block + "ln2"), rows, 0, block + "ffn.")
        x = x + node(c.output, part * a, block + "lif2")
        if rescale and (i + 1) % rescale == 0:
            x = x / 2
    x = layer_norm(x, "ln_out")
    return matrix("head", events(x, "ev_head") if c.events else node(c.input, x, "lif_head"))


def generate(P, c, prompt, count, margins=None):
    """Greedy: tokens, the logits [count,V] behind each, memory after the prompt and at the end
    (the last token is not fed back)."""
    memory = rnn_init(c, P["emb.weight"].dtype)
    for token in prompt:
        logits = rnn_step(P, c, int(token), memory, margins)
    after_prompt = {name: value.clone() for name, value in memory.items()}
    tokens, rows = [], []
    for position in range(count):
        rows.append(logits)
        tokens.append(int(logits.argmax()))
        if position + 1 < count:
            logits = rnn_step(P, c, tokens[-1], memory, margins)
    return tokens, torch.stack(rows), after_prompt, memory


def rescaled_logits(P, c, tokens, rescale, margins=None):
    """The released script's logits [len(tokens),V] behind each token; see rnn_step()."""
    memory = rnn_init(c, P["emb.weight"].dtype)
    return torch.stack([rnn_step(P, c, int(token), memory, margins, rescale) for token in tokens])


def sampling_filter(logits, top_p, temperature):
    """The weights a token is drawn with: softmax, cut to the top p, then the temperature.

    An entry stays when its probability is at least that of the first sorted entry whose cumulative
    sum exceeds top_p; the temperature acts on what is left.
    """
    p = torch.softmax(logits, -1)
    ordered = torch.sort(p, descending=True).values
    cut = ordered[int((torch.cumsum(ordered, -1) > top_p).to(torch.int64).argmax())]
    kept = torch.where(p < cut, torch.zeros_like(p), p)
    return kept if temperature == 1 else kept ** (1 / temperature)
