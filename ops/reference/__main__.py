"""``python -m ops.reference docs`` writes the generated documents into a folder.

Exit status 1, and nothing is written, when a published schema would change in a way that breaks its readers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ops.reference.writing import incompatible, write


def main(folder: Path) -> int:
    """Write everything below `folder`; tells what changed."""
    if found := incompatible(folder):
        for line in found:
            sys.stderr.write(f"{line}\n")
        sys.stderr.write("nothing was written: give the event a new `version`, and keep the old file beside it\n")
        return 1
    for path in write(folder):
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m ops.reference FOLDER")
    sys.exit(main(Path(sys.argv[1])))
