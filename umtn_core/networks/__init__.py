"""The networks of the paper, in PyTorch. Needed to train and to export, not to translate."""

from umtn_core.networks.classifier import DomainClassifier
from umtn_core.networks.decoder import Decoder
from umtn_core.networks.encoder import Encoder
from umtn_core.networks.model import UniversalMusicTranslationNetwork

__all__ = ["Decoder", "DomainClassifier", "Encoder", "UniversalMusicTranslationNetwork"]
