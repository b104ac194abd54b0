"""Who may post to a webhook, and what a post holds."""
