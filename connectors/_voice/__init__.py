"""Phone calls of Twilio: what is told of them, what callers hear, the doors, and the lists that repair what was missed."""
