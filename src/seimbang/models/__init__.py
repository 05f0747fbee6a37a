"""Names -> networks."""
