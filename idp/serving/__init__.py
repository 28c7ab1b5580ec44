"""The edge: from connections to WSGI, and back.

Doors: `server.serve`, `environ.environ_of`. Heads and bodies arrive without a thread; one is taken for a request that
is whole. Knows no room: an environ goes in, an answer comes out. Why granian's ASGI side: docs/decisions/0001.
"""
