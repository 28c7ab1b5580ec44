"""The paths of our own pages."""

from idp.login import engine, signout
from idp.portal import access, launcher, passwords, pictures
from idp.portal import help as help_pages
from idp.wire import Route

ROUTES = (
    Route("/", ("GET",), launcher.home),
    # These carry the sealed flow, which is bound to the browser and so is its own anti-forgery proof.
    Route("/login", ("GET", "POST"), launcher.or_home(engine.submit_password), form=False),
    Route("/login/consent", ("GET", "POST"), launcher.or_home(engine.submit_consent), form=False),
    Route("/login/account", ("GET", "POST"), launcher.or_home(engine.submit_account), form=False),
    Route("/logout", ("GET", "POST"), launcher.sign_out),
    Route("/logout/next", ("GET",), signout.go_on),
    Route("/access", ("GET", "POST"), access.answer),
    Route("/setup/<token>", ("GET", "POST"), passwords.setup),
    Route("/password", ("GET", "POST"), passwords.change),
    Route("/.well-known/change-password", ("GET",), help_pages.change_password),
    Route("/help", ("GET",), help_pages.cannot_sign_in),
    Route("/help/password", ("GET",), help_pages.password),
    Route("/help/username", ("GET",), help_pages.username),
    Route("/help/reset-browser", ("POST",), help_pages.reset_browser),
    Route("/app-logo/<client_id>", ("GET",), pictures.app_logo),
    Route("/brand/logo", ("GET",), pictures.company_logo),
    Route("/brand.css", ("GET",), pictures.company_colours, hot=True),
)
