"""Mail read as a person reads it: pure functions from bytes to what a message says, and of what kind it is."""
