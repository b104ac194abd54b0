"""Servers that run on this machine with nothing installed but Python: Apache Kafka, and GreenMail for trying mail."""
