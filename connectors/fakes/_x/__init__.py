"""The parts of the stand-in of X."""
