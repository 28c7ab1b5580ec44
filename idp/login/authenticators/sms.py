"""A code by text message."""

from idp.accounts.factors import sent_codes
from idp.login.authenticators.sent_code import Sent
from idp.login.authn import SMS

AUTHENTICATOR = Sent(sent_codes.SMS, SMS)
