"""Which engine decodes: by name, by precision, or the fastest on this machine."""
