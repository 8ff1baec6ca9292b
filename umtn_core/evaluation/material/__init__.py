"""What a model is judged on: held-out pairs, real players, sampled instruments."""
