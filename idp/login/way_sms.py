"""A code by text message."""

from idp.accounts.factors import sent_codes
from idp.login.authn import SMS
from idp.login.way_sent import Sent
from idp.texts import N_

WAY = Sent(sent_codes.SMS, N_("Code by text message"), SMS)
