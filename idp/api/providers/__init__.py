"""Providers that people sign in through, by the API: listed, added, changed, tried, removed, brought back (I1, I12).

Door: `rows.OPERATIONS`. Rule: what may be said of one is a row of `federation.fields`; no answer has a secret.
"""
