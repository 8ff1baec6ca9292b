"""Incremental decoding: latents in, mu-law codes out, one sample after another."""
