"""The demo is the real thing: mail goes in over SMTP, comes out over IMAP, and travels the whole way.

`prepared` starts a mailbox and configures it; `Demo.play` fills it. Nothing else of Switchboard knows of a demo.
"""

from ops.demo.stage import Demo, prepared

__all__ = ["Demo", "prepared"]
