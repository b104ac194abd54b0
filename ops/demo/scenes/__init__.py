"""The scenes of the demo, one module each."""
