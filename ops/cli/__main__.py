"""``python -m ops.cli``: the command, for processes that it starts of itself."""

from ops.cli import main

main()
