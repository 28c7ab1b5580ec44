"""What an installation holds about one person, as a document that they can read (D3; GDPR art. 15, 20).

Door: `document.of`. `parts` says of every table with something of a person what is told, and what not and why.
Rule: read-only, and nothing that opens anything; a table or column that nobody has decided about fails a test.
"""
