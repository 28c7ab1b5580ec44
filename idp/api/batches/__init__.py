"""Work on many people by the API: a CSV file taken in, the same done to each; tried out, run, followed (U1).

Door: `rows.OPERATIONS`. Rule: it is tried out first, and run for the edition that was looked at; each person is asked
for by themselves, with the rights that whoever started it has at that moment.
"""
