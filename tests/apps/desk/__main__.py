"""`python -m tests.apps.desk`."""

from tests.apps import settings
from tests.apps.desk.app import create_app
from tests.apps.serving import serve

if __name__ == "__main__":
    own = settings.read()
    serve(create_app(own), own.port)
