"""A company that was never there, to try things and to measure on: people, groups, applications, 400 days of sign-ins.

Door: `filling.fill`. Rule: the same seed makes the same company; only what would let somebody in (the seeds of
authenticator apps, secrets of applications) is made by chance, and nobody is told it.
"""
