"""The parts of the stand-in of Twilio: the account, its messages, its webhooks."""
