"""The decode kernels in CUDA, and the way to the chip."""
