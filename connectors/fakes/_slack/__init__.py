"""The parts of the stand-in of Slack: a workspace, its Web API, and how it sends events."""
