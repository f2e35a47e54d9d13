"""Bugs put in on purpose, one at a time, and the tests that must find them."""
