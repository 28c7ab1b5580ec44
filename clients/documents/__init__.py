"""Clients that are known by a document of their own: the client id is its address (client-ID metadata documents).

`address`: which client ids are such an address. `hosts`: whose documents an admin lets in, and who waits for it.
`reading`: what a document says, by the rules of a registration. Rule: nothing here asks another server.
"""
