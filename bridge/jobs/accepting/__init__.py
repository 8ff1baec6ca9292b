"""A request's way in: everything that is checked before the bridge says yes to it."""
