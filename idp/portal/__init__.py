"""The person's own pages: launcher, sign-out, passwords, help.

Door: `views.ROUTES` and `launcher.DOOR`, the "application" that a plain visit to the sign-in page belongs to.
Rule: verbs of the other rooms only; no store of its own.
"""
