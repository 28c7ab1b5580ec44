"""Providers that speak OpenID Connect: found by discovery, asked by the code flow, believed by Core §3.1.3.7.

Door: `kind.KIND`. Rule: an ID token is worth nothing until `id_token.believe` has looked at all of it.
"""
