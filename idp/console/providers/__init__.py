"""The room Providers (B2): through which providers people come, added by a template, tried, changed, removed.

Door: `pages.PAGES`. Rule: what can be said of one is a row of `federation.fields`; a secret is typed and never shown.
"""
