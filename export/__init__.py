"""From a trained network to a model bundle that the run time can read."""
