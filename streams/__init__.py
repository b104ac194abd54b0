"""A public module here is a stage, and this room is the only one that knows Faust.

raw.<channel> ─ normalize ─▶ messages.normalized ─ thread ─▶ messages.threaded ─ route ─▶ tickets.routed ─ deliver ─▶
"""
