"""Writes runs laid out as the published implementation leaves them, and evaluates them in NumPy.

Both are written from the layout's description alone, without this project's networks.
"""

from __future__ import annotations

import argparse
import pathlib
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Layout:
    """The numbers that a run's arguments give."""

    blocks: int
    layers: int
    residual: int
    skip: int
    latent: int
    encoder_blocks: int
    encoder_layers: int
    encoder_channels: int
    pool: int
    kernel: int = 2


SMALL = Layout(2, 3, 8, 6, 4, 2, 3, 5, 40)
KERNEL_3 = Layout(2, 3, 8, 6, 4, 1, 3, 5, 40, kernel=3)
RELEASED = Layout(4, 14, 128, 128, 64, 3, 10, 128, 800)


def arguments(layout, domains, **others):
    values = {
        "blocks": layout.blocks, "layers": layout.layers, "kernel_size": layout.kernel,
        "residual_channels": layout.residual, "skip_channels": layout.skip,
        "latent_d": layout.latent, "encoder_blocks": layout.encoder_blocks,
        "encoder_layers": layout.encoder_layers, "encoder_channels": layout.encoder_channels,
        "encoder_func": "relu", "encoder_pool": layout.pool, "n_datasets": domains,
        "d_layers": 3, "d_channels": 100, "lr": 1e-3, "expName": "run",
        "data": [pathlib.PosixPath(f"data/{d}") for d in range(domains)],
    }  # fmt: skip
    return argparse.Namespace(**(values | others))


def encoder_state(layout, rng):
    c = layout.encoder_channels
    state = conv("start", c, 1, 3, rng)
    for i in range(layout.encoder_blocks * layout.encoder_layers):
        state |= conv(f"dilated_convs.{i}.dilated_conv", c, c, 3, rng)
        state |= conv(f"dilated_convs.{i}.conv_1x1", c, c, 1, rng)
    return state | conv("conv_1x1", layout.latent, c, 1, rng)


def decoder_state(layout, rng):
    r, s, z = layout.residual, layout.skip, layout.latent
    state = conv("first_conv", r, 1, layout.kernel, rng) | conv("skip_conv", s, r, 1, rng)
    for i in range(layout.blocks * layout.layers):
        state |= conv(f"layers.{i}.causal", 2 * r, r, layout.kernel, rng)
        state |= conv(f"layers.{i}.condition", 2 * r, z, 1, rng)
        state |= conv(f"layers.{i}.residual", r, r, 1, rng)
        state |= conv(f"layers.{i}.skip", s, r, 1, rng)
    state |= conv("fc", s, s, 1, rng) | conv("condition", s, z, 1, rng)
    return state | conv("logits", 256, s, 1, rng)


def conv(name, outputs, inputs, kernel, rng):
    scale = 0.7 / (inputs * kernel) ** 0.5
    return {
        f"{name}.weight": (scale * rng.normal(size=(outputs, inputs, kernel))).astype(np.float32),
        f"{name}.bias": (0.1 * rng.normal(size=outputs)).astype(np.float32),
    }


def write_run(folder, layout, domains=2, **others):
    """Write a run; returns the encoder's and each decoder's state as NumPy arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    torch.save([arguments(layout, domains, **others), 3], folder / "args.pth")
    encoder = encoder_state(layout, rng)
    decoders = [decoder_state(layout, rng) for _ in range(domains)]
    for number, decoder in enumerate(decoders):
        for which in ("best", "last"):
            write_domain(folder / f"{which}model_{number}.pth", number, encoder, decoder)
    return encoder, decoders


def write_domain(path, number, encoder, decoder):
    step = {"state": {0: {"step": 5, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-3}]}
    torch.save(
        {
            "encoder_state": as_tensors(encoder),
            "decoder_state": as_tensors(decoder),
            "discriminator_state": {"convs.0.weight": torch.zeros(100, 4, 1)},
            "model_optimizer_state": step,
            "d_optimizer_state": step,
            "dataset": number,
        },
        path,
    )


def as_tensors(state):
    return {name: torch.from_numpy(value.copy()) for name, value in state.items()}


def code(samples):
    """Truncating mu-law."""
    x = np.clip(np.asarray(samples, np.float64), -1, 1)
    return np.floor(
        (np.sign(x) * np.log(1 + 255 * np.abs(x)) / np.log(256) + 1) / 2 * 255
    ).astype(int)  # fmt: skip


def latents(w, layout, codes):
    """Encode: codes (time,) -> (latent, time / pool)."""

    def conv3(name, x, dilation):
        padded = np.pad(x, ((0, 0), (dilation, dilation)))
        taps = [padded[:, k * dilation : k * dilation + x.shape[1]] for k in range(3)]
        return (
            sum(w[f"{name}.weight"][:, :, k].astype(np.float64) @ taps[k] for k in range(3))
            + (w[f"{name}.bias"][:, None])
        )

    def one(name, x):
        return w[f"{name}.weight"][:, :, 0].astype(np.float64) @ x + w[f"{name}.bias"][:, None]

    x = conv3("start", (codes / 255 - 0.5)[None], 1)
    for i in range(layout.encoder_blocks * layout.encoder_layers):
        layer = f"dilated_convs.{i}"
        inner = np.maximum(conv3(f"{layer}.dilated_conv", x, 2 ** (i % layout.encoder_layers)), 0)
        x = x + one(f"{layer}.conv_1x1", inner)
    x = one("conv_1x1", x)
    frames = x.shape[1] // layout.pool
    return x[:, : frames * layout.pool].reshape(len(x), frames, layout.pool).mean(axis=2)


class Decoder:
    """One sample after another, every layer's past kept whole."""

    def __init__(self, w, layout):
        self.w = {name: value.astype(np.float64) for name, value in w.items()}
        self.layout = layout
        self.values = []
        self.inputs = [[] for _ in range(layout.blocks * layout.layers)]

    def logits(self, value, latent):
        """Score the sample after one whose network input is ``value``: float64 (256,)."""
        w, r, kernel = self.w, self.layout.residual, self.layout.kernel
        one = lambda name, x: w[f"{name}.weight"][:, :, 0] @ x + w[f"{name}.bias"]  # noqa: E731
        self.values.append(value)
        time = len(self.values) - 1
        x = w["first_conv.bias"].copy()
        for k in range(kernel):
            earlier = time - (kernel - 1 - k)
            if earlier >= 0:
                x = x + w["first_conv.weight"][:, 0, k] * self.values[earlier]
        skips = one("skip_conv", x)
        for i, past in enumerate(self.inputs):
            past.append(x)
            dilation = 2 ** (i % self.layout.layers)
            a = w[f"layers.{i}.causal.bias"] + one(f"layers.{i}.condition", latent)
            for k in range(kernel):
                earlier = time - dilation * (kernel - 1 - k)
                if earlier >= 0:
                    a = a + w[f"layers.{i}.causal.weight"][:, :, k] @ past[earlier]
            z = np.tanh(a[r:]) / (1 + np.exp(-a[:r]))
            x = x + one(f"layers.{i}.residual", z)
            skips = skips + one(f"layers.{i}.skip", z)
        hidden = one("fc", np.maximum(skips, 0)) + one("condition", latent)
        return one("logits", np.maximum(hidden, 0))
