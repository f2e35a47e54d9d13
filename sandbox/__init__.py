"""The outside world in miniature."""
