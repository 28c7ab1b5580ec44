"""GitHub as a provider: OAuth 2.0 and its API, no OpenID Connect; github.com, GHE.com and GitHub Enterprise Server.

Door: `kind.KIND`.
Rule: an account is the number of `/user`, never a name or an address: GitHub gives those to somebody else one day.
"""
