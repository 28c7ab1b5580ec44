"""Claims and attributes that an admin makes for one application: a row each, by a fixed language, without code (R5).

Door: `CLAIM_RULES` (the metadata field), `Rules` (kept with the client), `explain`. Rule: what is kept was read without
an error, and whatever is known of a person it answers, in bounded time, with a bounded value or none.
"""

from clients.claim_rules.rules import CLAIM_RULES, NO_RULES, Outcome, Rule, Rules, compiled, renamed

__all__ = ["CLAIM_RULES", "NO_RULES", "Outcome", "Rule", "Rules", "compiled", "renamed"]
