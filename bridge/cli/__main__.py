"""So that ``python -m bridge.cli`` is ``umtn``."""

from bridge.cli.start import main

main()
