"""The whole network: shared encoder, one decoder a domain, domain classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import nn

from umtn_core.networks.classifier import DomainClassifier
from umtn_core.networks.decoder import Decoder
from umtn_core.networks.encoder import Encoder
from umtn_core.networks.typed_modules import DictOf
from umtn_core.shape import NetworkShape


class UniversalMusicTranslationNetwork(nn.Module):
    """A Universal Music Translation Network (Mor, Wolf, Polyak and Taigman, 2019).

    Parameters
    ----------
    shape
        All sizes of the network.
    domains
        Names of the domains, one decoder each. With a single one there is no
        classifier, and the network is a WaveNet autoencoder (Engel et al., 2017).

    Attributes
    ----------
    encoder : Encoder
    decoders : ModuleDict of Decoder, by domain
    classifier : DomainClassifier or None
    """

    def __init__(self, shape: NetworkShape, domains: Sequence[str]):
        super().__init__()
        self.shape = shape
        self.domains = tuple(domains)
        self.encoder = Encoder(shape)
        self.decoders = cast(
            "DictOf[Decoder]",
            nn.ModuleDict({domain: Decoder(shape) for domain in self.domains}),
        )
        self.classifier: DomainClassifier | None = None
        if len(self.domains) > 1:
            self.classifier = DomainClassifier(
                shape.latent_channels, shape.classifier_channels, len(self.domains)
            )
