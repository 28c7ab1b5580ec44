"""Sign-in rules by the API: listed with the fixed ones, changed, taken back, tried out (B2, C6).

Door: `rows.OPERATIONS`. Rule: what a change does to people can be asked in numbers before it is made.
"""
