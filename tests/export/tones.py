"""What tiny runs learn from: a network of few weights, and stores of tones."""

import numpy as np

from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, write_index

SHAPE = {
    "hop": 80, "latent_channels": 4, "encoder_blocks": 1, "encoder_layers": 3,
    "encoder_channels": 8, "decoder_blocks": 1, "decoder_layers": 4, "residual_channels": 8,
    "skip_channels": 8, "conditioning_channels": 0,
}  # fmt: skip
MACHINE = {"accelerator": "cpu", "devices": 1, "precision": "32-true", "loaders": 0, "threads": 1}


def make_store(path, level, *domains):
    entries = []
    for domain in domains:
        for split in ("train", "valid"):
            name = f"audio/{domain}/{split}.npy"
            wave = level * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
            entries.append(
                FileEntry(
                    domain=domain, split=split, path=name, samples=write_audio(path / name, wave),
                    source=f"{domain} tone", licence="CC0-1.0",
                )
            )  # fmt: skip
    write_index(path, Index(files=entries))
    return path
