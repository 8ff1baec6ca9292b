"""An audio file again with other sound in it, and all else as it was."""
