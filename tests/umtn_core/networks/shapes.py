"""Small decoders of every kind."""

from umtn_core.shape import NetworkShape


def decoder_shapes(residual: int, skip: int) -> dict[str, NetworkShape]:
    """One shape of each kind of decoder, with so many residual and skip channels."""
    common = {
        "hop": 40, "latent_channels": 6, "decoder_blocks": 2, "decoder_layers": 4,
        "residual_channels": residual, "skip_channels": skip,
    }  # fmt: skip
    embedding = common | {"decoder_input": "embedding", "conditioning_channels": 8}
    return {
        "scalar": NetworkShape(**common),
        "three taps": NetworkShape(**common, decoder_kernel=3),
        "embedding": NetworkShape(**embedding),
        "bands": NetworkShape(**embedding, bands=8, decoder_sample_rate=32_000),
    }
