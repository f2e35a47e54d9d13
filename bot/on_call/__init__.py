"""Who is on call now, and what a pager says of an incident when it is asked."""
