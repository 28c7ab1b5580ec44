"""A second owner's word for named changes (C3): a verb that is named in the settings asks, and waits for it.

Door: `asking.ask` (called by the verb itself, so that every door waits), `deciding` (approve, refuse, withdraw),
`verbs.VERBS` (what runs then). Rule: it runs by the verb that asked, with the rights that both have at that moment.
"""
