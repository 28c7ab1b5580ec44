"""Windows sign-in: whoever is signed in at a computer of the company's domain shows a Kerberos ticket (RFC 4559).

Door: `challenging` for the sign-in page, `trying` for whoever manages it.
Rule: MIT's library opens tickets, nothing of ours does; who a principal is, the directory says, and never its name.
"""
