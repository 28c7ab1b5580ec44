"""The same done to many people: chosen one by one, or all that a search finds (U1).

Door: `verbs`. Rule: it is tried out first, and each person is asked for by themselves: whoever may not act on one of
them does not, and nothing says of people whom they may not see that they are there.
"""
