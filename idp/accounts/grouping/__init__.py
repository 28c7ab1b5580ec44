"""Groups within groups, their owners, and the names that all of it gives a person.

Door: `effective` writes the names into people's rows, `nesting` puts a group into another, `owners` names who answers.
Rule: who is in a group is in those that it is in; a person's row has all their names, written by `effective` alone, in
the transaction of what changed them.
"""
