"""People from a file of a spreadsheet: read, matched, tried out, taken in row by row (U1).

Door: `verbs`. Rule: whoever imports may do to each row what they may do to it by hand, and no more.
"""
