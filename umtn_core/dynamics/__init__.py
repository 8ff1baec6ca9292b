"""Loudness ridden before the encoder, and given back to the result."""
