"""The registry of applications: who may ask this door to prove a person, from where, and for whom.

Door: `Registry` in `registry.py`; all others read its immutable `Client` snapshots (`client.py`).
Rule: console, API, command line and dynamic registration use the same verbs, so rules and messages are the same.
"""
