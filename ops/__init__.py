"""What an operator touches: the command, the configuration, the local engines. It wires the rooms together."""
