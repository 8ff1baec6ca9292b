"""Trains post-filters: from a domain's audio spoilt with noise to the audio itself.

A post-filter knows nothing of the decoder that it follows. It learns what its instrument sounds
like without noise, and so it needs the store alone.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from umtn_core.data.files import as_floats
from umtn_core.data.split import Split
from umtn_core.data.store import FileEntry, Store
from umtn_core.errors import UmtnError
from umtn_core.names import the_one_meant
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter import magnitude_scale, window_of
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.training.devices import training_device
from umtn_core.training.postfilter_file import Postfilters, write_postfilters
from umtn_core.training.precision import bfloat16_is_faster
from umtn_core.training.settings import Machine
from umtn_core.training.spoiling import spoilt

#: Frames of a clip: about two seconds.
CLIP_FRAMES = 63
#: Clips that a step learns from.
CLIPS = 4
#: Decibels that a clip is made louder, from and to.
GAIN = -12.0, 3.0
#: Step size at its highest, and steps over which it rises to that.
RATE, WARM_UP = 1.5e-3, 100
#: Last share of the time over which the step size falls, and what it falls to.
COOLDOWN, LAST_RATE = 0.4, 0.02
#: Magnitudes are compared to this power, so that what is soft counts too.
POWER = 0.4
#: Added to magnitudes before: a power below 1 is infinitely steep at 0.
TINY = 1e-7
#: Seconds of audio that a domain needs.
LEAST_SECONDS = 10.0
#: Held-out clips that a domain is judged by, and the seed of their noise.
JUDGED_CLIPS, JUDGED_SEED = 16, 1

#: Told of a domain, and what share of its time has gone by; what it raises ends the training.
OnStep = Callable[[str, float], None]


@dataclass(frozen=True)
class Judgement:
    """How well a post-filter does on held-out audio of its domain.

    Attributes
    ----------
    left : float
        Error of the compressed magnitudes, as a share of what it is without the post-filter.
    removed_db : float
        Decibels of noise that it removes: how much less the masked spectrum differs from the
        clean one than the spoilt one does.
    """

    left: float
    removed_db: float


def train_postfilters(
    store: str | Path,
    output: str | Path,
    *,
    domains: Sequence[str] = (),
    minutes: float = 10.0,
    seed: int = 0,
    overwrite: bool = False,
    progress: OnStep = lambda domain, share: None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Postfilters:
    """Train a post-filter for each of a store's domains, and write them to a file.

    Parameters
    ----------
    store
        Folder of the store.
    output
        The file to write. It appears once all domains are done.
    domains
        Names of domains; none for all that the store has.
    minutes
        The time that each domain is trained for.
    seed
        The seed of weights, clips and noise. A domain's are its own, whichever others are trained.
    overwrite
        Whether to replace a file that is there already.
    progress
        What is called after every step.
    say
        What is told a sentence of each domain.

    Returns
    -------
    Postfilters
        On the CPU.

    Raises
    ------
    UmtnError
        If there is no store, it lacks a domain or has too little audio of one, or the file
        cannot be written.
    """
    output = Path(output)
    if output.is_dir() or (output.exists() and not overwrite):
        raise UmtnError(f"{output} exists already; choose another name, or ask to overwrite it.")
    opened = Store.open(store)
    known = opened.domains
    chosen = [the_one_meant(each, known, "domain", "The store") for each in domains or known]
    clips = {domain: Clips(opened, domain, "train") for domain in chosen}
    if not clips:
        raise UmtnError(f"The store {opened.path} has no audio to learn from.")
    device = training_device(Machine())
    mixed = bfloat16_is_faster(device)
    networks = {}
    for domain, audio in clips.items():
        networks[domain], steps = train_network(
            audio, 60 * minutes, seed, device=device, mixed=mixed,
            progress=partial(progress, domain),
        )  # fmt: skip
        say(_sentence(domain, steps, judged(networks[domain], opened, domain)))
    settings = {"seed": seed, "minutes": minutes}
    made = Postfilters(opened.index.sample_rate, networks, settings)
    write_postfilters(output, made)
    return made


class Clips:
    """Excerpts of a domain's audio, at random.

    Parameters
    ----------
    store
        The store that holds the audio.
    domain
        The domain's name.
    split
        ``train`` or ``valid``.

    Raises
    ------
    UmtnError
        If the store has no such domain, or in ``train`` too little audio of it.
    """

    def __init__(self, store: Store, domain: str, split: Split):
        self.domain = domain
        self.shape = PostfilterShape.at_rate(store.index.sample_rate)
        self._store = store
        self._files: list[FileEntry] = store.files(domain, split)
        lengths = np.array([entry.samples for entry in self._files], np.float64)
        seconds = lengths.sum() / store.index.sample_rate
        if split == "train" and seconds < LEAST_SECONDS:
            raise UmtnError(
                f"The store {store.path} has {seconds:.1f} seconds of {domain} to learn from, but "
                f"a post-filter needs {LEAST_SECONDS:.0f}."
            )
        self._chances = lengths / lengths.sum() if len(lengths) else lengths

    def __len__(self) -> int:
        """How many files they are from."""
        return len(self._files)

    def draw(
        self, count: int, random: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw clips, as loud or soft as chance will have it.

        Returns
        -------
        noisy, clean : float32 array (count, samples)
        """
        clean = np.stack([self._one(random) for _ in range(count)])
        return np.stack([spoilt(each, random) for each in clean]), clean

    def _one(self, random: np.random.Generator) -> NDArray[np.float32]:
        samples = (CLIP_FRAMES + 1) * self.shape.hop
        audio = self._store.read(self._files[random.choice(len(self._files), p=self._chances)])
        begin = int(random.integers(0, max(1, len(audio) - samples + 1)))
        clip = as_floats(audio[begin : begin + samples])
        gain = np.float32(10 ** (random.uniform(*GAIN) / 20))
        return gain * np.pad(clip, (0, samples - len(clip)))


def train_network(
    clips: Clips,
    seconds: float,
    seed: int = 0,
    *,
    device: torch.device | None = None,
    mixed: bool = False,
    progress: Callable[[float], None] = lambda share: None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[PostfilterNetwork, int]:
    """Train the post-filter of one domain.

    Parameters
    ----------
    clips
        The audio to learn from.
    seconds
        The time after which it ends, cooled down.
    seed
        The seed of weights, clips and noise; see `train_postfilters`.
    device
        The device that it is trained on; None, the processor.
    mixed
        Whether products are made in bfloat16.
    progress
        Called after every step with the share of the time that has gone by.
    clock
        Says what time it is, in seconds; asked once at the beginning and after every step.

    Returns
    -------
    network : PostfilterNetwork
        On the CPU, in evaluation mode.
    steps : int
        The number of steps that it was trained for.
    """
    device = device or torch.device("cpu")
    random = np.random.default_rng([seed, zlib.crc32(clips.domain.encode())])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(random.integers(2**62)))
        network = PostfilterNetwork(clips.shape)
    # PyTorch declares no layout here.
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), RATE, betas=(0.9, 0.98))
    began, steps, share = clock(), 0, 0.0
    while share < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (steps + 1) / WARM_UP, (1 - share) / COOLDOWN + LAST_RATE)
        noisy, clean = (
            torch.abs(spectra(torch.from_numpy(each).to(device), clips.shape))
            for each in clips.draw(CLIPS, random)
        )
        with torch.autocast(device.type, torch.bfloat16, mixed):
            mask = network(noisy).float()
        loss = (compressed(noisy * mask) - compressed(clean)).square().mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        steps += 1
        share = (clock() - began) / seconds
        progress(min(1.0, share))
    return network.cpu().eval(), steps


@torch.inference_mode()
def judged(network: PostfilterNetwork, store: Store, domain: str) -> Judgement | None:
    """Judge a post-filter by held-out audio, the same clips and noise every time.

    Returns
    -------
    Judgement
        None if the store holds no audio of the domain out.
    """
    clips = Clips(store, domain, "valid")
    if not len(clips):
        return None
    random = np.random.default_rng(JUDGED_SEED)
    before = after = noise_before = noise_after = 0.0
    for _ in range(JUDGED_CLIPS):
        noisy, clean = (
            spectra(torch.from_numpy(each), network.shape) for each in clips.draw(1, random)
        )
        masked = noisy * network(noisy.abs())
        wanted = compressed(clean.abs())
        before += (compressed(noisy.abs()) - wanted).square().sum().item()
        after += (compressed(masked.abs()) - wanted).square().sum().item()
        noise_before += (noisy - clean).abs().square().sum().item()
        noise_after += (masked - clean).abs().square().sum().item()
    if not before:
        return None
    return Judgement(after / before, float(10 * np.log10(noise_before / noise_after)))


def spectra(audio: Tensor, shape: PostfilterShape) -> Tensor:
    """Take the frames' spectra, as far as the network sees and masks them.

    Parameters
    ----------
    audio : Tensor[B x T]
    shape
        The form of the post-filter.

    Returns
    -------
    Tensor[B x bins x frames], complex
        The spectra of those frames that lie within the audio; a sine of amplitude 1 has about 1.
    """
    window = torch.from_numpy(window_of(shape)).to(audio.device)
    found = torch.stft(
        audio, shape.window, shape.hop, window=window, center=False, return_complex=True
    )
    return found[:, : shape.bins] * magnitude_scale(shape)


def compressed(magnitudes: Tensor) -> Tensor:
    """Magnitudes as the loss compares them."""
    return (magnitudes + TINY) ** POWER


def _sentence(domain: str, steps: int, found: Judgement | None) -> str:
    if found is None:
        return f"{domain}: {steps} steps; the store holds no audio out to judge it by"
    return (
        f"{domain}: {steps} steps; of held-out audio's error {found.left:.3f} is left, and "
        f"{found.removed_db:.1f} dB of the noise are removed"
    )
