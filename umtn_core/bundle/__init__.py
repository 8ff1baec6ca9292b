"""Model bundles: what the run time knows of a trained network."""

from umtn_core.bundle.bundle import Bundle
from umtn_core.bundle.manifest import Domain, Manifest, PrecisionLoss, Precisions, TrainingSource
from umtn_core.bundle.search import find_bundle, installed_bundles, search_path
from umtn_core.bundle.write import amend_manifest, write_bundle

__all__ = [
    "Bundle",
    "Domain",
    "Manifest",
    "PrecisionLoss",
    "Precisions",
    "TrainingSource",
    "amend_manifest",
    "find_bundle",
    "installed_bundles",
    "search_path",
    "write_bundle",
]
