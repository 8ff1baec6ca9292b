"""What listens: OSC over UDP and TCP, and the web page beside it that describes it."""
