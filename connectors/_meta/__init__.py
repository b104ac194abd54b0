"""What WhatsApp, Messenger and Instagram share: Meta's webhooks and its Graph API."""
