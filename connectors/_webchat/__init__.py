"""The parts of the web chat: tokens, frames, rooms, doors, and the widget that a browser runs."""
