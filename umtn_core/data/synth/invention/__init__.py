"""Makes up music: single lines that breathe, and textures of two to five voices."""
