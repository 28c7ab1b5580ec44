"""Requests that are answered elsewhere than they were made: by a person in a browser, while a program waits.

Door: `pending` (what waits, and what became of it), `handler` (the person's end).
Rule: what somebody said is said once, and is in State before any page tells it.
"""
