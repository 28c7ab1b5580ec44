"""People by the API: found, added, corrected, helped, turned off and on; their groups, roles and history (U1–U3, C2).

Door: `rows.OPERATIONS`. Rule: whom a path names is asked of the actor before anything of them is said
(`finding.get`); whoever is not the caller's to know of is answered as nobody.
"""
