"""A code by text message."""

from idp.accounts.factors import sent_codes
from idp.login.authenticators.sent_code import Sent
from idp.login.authn import SMS
from idp.texts import N_

AUTHENTICATOR = Sent(sent_codes.SMS, N_("Code by text message"), SMS)
