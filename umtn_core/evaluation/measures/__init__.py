"""How far one recording is from another, and figures of that with their uncertainty."""
