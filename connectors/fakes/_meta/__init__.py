"""Parts of the stand-in of Meta: who writes on each of its products, its Graph API, its webhooks."""
