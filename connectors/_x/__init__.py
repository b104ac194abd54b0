"""The parts of the X channel."""
