"""Who has read our keys: when a JWKS or metadata was fetched and by whom, and from where applications come (K2).

Door: `Readers` (a part of the services), `seen`. Rule: a request notes in memory alone; every process writes what it
noted now and then, off the request path, and the database keeps the latest of all.
"""

from idp.readers.noted import Readers, find_seen, places_of, sweep, tell, untell
from idp.readers.seen import ITSELF, JWKS, METADATA, Seen

__all__ = ["ITSELF", "JWKS", "METADATA", "Readers", "Seen", "find_seen", "places_of", "sweep", "tell", "untell"]
