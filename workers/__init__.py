"""The hands."""
