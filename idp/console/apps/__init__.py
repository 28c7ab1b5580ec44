"""The room Applications: found, connected, looked at, changed, opened to people (R1, R4, R6, R7, C6).

Door: `PAGES` of its files, gathered in `pages.py`. Rule: what an address names is asked of the actor before anything
of it is shown (`finding.client_of`).
"""
