"""Clients that register themselves (RFC 7591, 7592): who lets them, what they may be, and what is known of each.

`tokens`: initial access tokens, each with its `Policy`. `standard`: metadata by the standards' names, in and out.
`kept`: which client came by which token, and what it proves itself by when it changes itself.
Rule: a client says only what a standard has; what is ours (lifetimes, consent, who may open it) stays an admin's word.
"""
