"""The decode kernels in C++, and how they are found and called."""
