"""Pagers: what they send us, verified and put into one shape (`policies.incident.PagerEvent`)."""
