"""A whole federation as one provider, such as eduGAIN: whoever comes says at which organisation they sign in (I12).

Door: `kind.KIND`, `rules`, `discovery.receive`, `refreshing.run_due`. Rule: what is said of an organisation is signed
by the federation's pinned key; once somebody has chosen one, it is a SAML provider as any other, with the account key
and the scopes that are its own.
"""
