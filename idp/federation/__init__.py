"""Signing in through other providers: people prove who they are there, applications go on to see one provider.

Door: `upstream.UPSTREAM` for the sign-in page, `keeping` and `links` for whoever manages them, `views.ROUTES`.
Rule: an account there is (provider, subject), never a name or an address; a kind of provider is one file behind
`ports.Kind` and one row of `kinds`, and none knows what step comes next.
"""
