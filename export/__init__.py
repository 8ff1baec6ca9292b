"""From a trained network to a model bundle that the run time can read."""

from export.export import Description, export_checkpoint, export_network
from export.import_checkpoint import import_checkpoint

__all__ = ["Description", "export_checkpoint", "export_network", "import_checkpoint"]
