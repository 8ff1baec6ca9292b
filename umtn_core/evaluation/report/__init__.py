"""An evaluation as pages to read, hear and rate: one folder that needs no network."""
