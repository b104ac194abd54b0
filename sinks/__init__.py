"""A public module here is a destination; a leading underscore means machinery. Sinks know no Kafka."""
