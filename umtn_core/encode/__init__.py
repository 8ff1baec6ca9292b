"""Audio to latents, by the encoder that all domains share."""
