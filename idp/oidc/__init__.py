"""OAuth 2.0 and OpenID Connect, one file per endpoint.

Door: `views.ROUTES`, and `protocol_handler.HANDLER` for the sign-in engine. Tables, a row and a file each: `grants`,
`response_modes`, `client_auth`. Rule: `ledger` alone knows what was issued and still stands.
"""
