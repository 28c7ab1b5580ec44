"""The steps of a sign-in: one file for each shows its page and takes its POST.

Door: the engine shows what `policy.next_step` answers; `login.views` has the paths of the POSTs.
Rule: no step leads to another; each ends in the engine, which asks the policy anew.
"""
