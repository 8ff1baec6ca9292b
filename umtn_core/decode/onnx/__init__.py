"""The `onnx` engines: the bundle's step graph on ONNX Runtime, the reference."""
