"""`python -m tests.apps.crm`."""

from tests.apps import settings
from tests.apps.crm.app import create_app
from tests.apps.serving import serve

if __name__ == "__main__":
    own = settings.read()
    serve(create_app(own), own.port)
