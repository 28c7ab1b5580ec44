"""Sign-in and sync with directories that run here: slapd, and stand-ins of what a test cannot have."""
