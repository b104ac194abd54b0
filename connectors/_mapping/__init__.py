"""From any JSON to a message: a mapping that stands in the configuration, for webhooks and for lines of files."""
