"""OAuth 2.0 and OpenID Connect, one file per endpoint.

Door: `views.ROUTES`, and `authorize.DOOR` for the sign-in engine. `ledger` alone knows what was issued and stands.
Rule: rules of RFC 6749 run in Authlib behind `server.py`; ours stand in ordered tuples of checks.
"""
