"""Stand-ins of the vendors, for your tests and for the demo: stateful servers that keep each vendor's published contract.

Each is a class that is used in a ``with`` block, listens on the loopback interface, and is reached by the real client packages.
"""
