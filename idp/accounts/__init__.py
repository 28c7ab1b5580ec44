"""People: who they are, which groups and roles they have, and their passwords.

Door: `directory.Directory`; `passwords.Verifier`, `policy.problems`, `set_password` and `links` beside it.
Rule: a hash never leaves in a `Person`; every change can carry its audit event in its own transaction.
"""
