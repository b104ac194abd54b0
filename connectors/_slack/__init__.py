"""The parts of the Slack channel: a door, sockets, history, and the reader of what they bring."""
