"""`python -m tests.apps.wiki` serves it; `python -m tests.apps.wiki --metadata` prints what it says of itself."""

import sys

from tests.apps.serving import serve
from tests.apps.wiki import door
from tests.apps.wiki.app import create_app

if __name__ == "__main__":
    own = door.read_settings()
    if "--metadata" in sys.argv:
        sys.stdout.write(door.metadata(own))
    else:
        serve(create_app(own), own.port)
