"""The `cuda` engine: a decoder on kernels of our own on an NVIDIA GPU."""
