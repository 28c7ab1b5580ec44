"""The room People: found, helped, added, corrected, turned off and on (U1, U2, U3, U7, C6).

Door: `PAGES` of its files, gathered in `pages.py`. Rule: whom an address names is asked of the actor before anything
of them is shown (`finding.person_of`); no page here sees or sets a secret.
"""
