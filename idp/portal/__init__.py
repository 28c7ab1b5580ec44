"""The person's own pages: launcher, sign-out, passwords, help.

Door: `views.ROUTES`. Rule: verbs of the other rooms only; no store of its own. What any page of our own needs (a
session, a fresh proof, the frame) is in `idp.first_party`.
"""
