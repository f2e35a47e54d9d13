"""A pretend AWS."""
