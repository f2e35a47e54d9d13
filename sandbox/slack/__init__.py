"""A pretend Slack workspace."""
