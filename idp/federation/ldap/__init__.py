"""Directories that speak LDAP, Active Directory among them: a password typed here is checked there, by a bind.

Door: `kind.KIND`, `signing_in.check_password`. Rule: `wire` alone speaks LDAP, and never without verified TLS but on
this very machine; a typed name stands in a filter only by `filters`; no password is kept, logged or bound empty.
"""
