"""Directories elsewhere that write people and groups here, and what they said of each person.

Door: `clients` makes, finds and ends a provisioning client with its token, `kept` has what it said of somebody.
Rule: a token is shown once and kept as a hash; what a client said is beside the person, never in place of them.
"""
