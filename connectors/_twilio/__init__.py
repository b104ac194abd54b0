"""What the channels of Twilio share: signatures, the client, messages by webhook and by list."""
