"""The demo is the real thing: each scene is a source of its own, reached by the real client, and travels the whole way.

A scene is a public module in `ops/demo/scenes` with a function ``scene()``; nothing is registered. Nothing else of
Switchboard knows of a demo.
"""
