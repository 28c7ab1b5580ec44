"""What is said of a person to a service provider: NameID, attributes, authentication context, and the Response.

Door: `issuing.issue` and `issuing.refuse`; nothing else makes assertions.
Rule: knows who is there and who asks, never how they came or how the answer travels.
"""
