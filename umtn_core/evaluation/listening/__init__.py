"""What is heard in a recording, without a reference: pitch, notes, rhythm, spectra."""
