"""What signing in takes, by rule: those of the settings file, which are fixed, and those that admins keep here.

Door: `Rules.current` for whoever decides, `keeping` for whoever changes one. Rule: no process decides by
rules that another one has changed before the decision began: their version rides in a read that is made anyway.
"""

from idp.accounts.sign_in_rules.rule import Rule
from idp.accounts.sign_in_rules.snapshot import Rules

__all__ = ["Rule", "Rules"]
