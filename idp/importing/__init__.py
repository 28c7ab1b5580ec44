"""Coming from another product: what its export holds, looked at first, then carried over (Y3).

Door: `reading.read`, then `verbs.look` and `verbs.carry_out`; one file for each product, and none knows another.
Rule: whatever cannot be carried over is told with the reason, and doing it twice changes nothing.
"""
