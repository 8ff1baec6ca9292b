"""So that ``python -m bridge.cli`` is ``umtn``."""

from bridge.cli.main import main

main()
