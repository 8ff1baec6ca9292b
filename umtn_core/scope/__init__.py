"""Whether an input is what the network was taught to hear."""
