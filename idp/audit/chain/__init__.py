"""What makes the record tamper-evident: a MAC a row, and segments of rows that follow one another (O1).

Door: `proofs` when an event is written, `sealing` in the background, `verifying` and `heads` for who wants to know,
`retaining` and `blanking` for what may go.
Rule: nobody who writes an event waits for another; what was sealed never gets another MAC.
"""
