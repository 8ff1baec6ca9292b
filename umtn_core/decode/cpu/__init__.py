"""The `cpu` engine: a decoder on kernels of our own in C++."""
