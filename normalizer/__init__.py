"""The vocabulary and the pure functions: no I/O, no Kafka, no Faust, no clock.

Start with `events` (what travels), then `wire` (how it looks on a topic) and `errors` (what can go wrong).
"""
