"""A public module here is a channel; a leading underscore means machinery. The contract is in `_base`."""
