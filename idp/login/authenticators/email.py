"""A code by mail. It is no second factor unless the settings say so (NIST SP 800-63B-4 §3.1.3.1)."""

from idp.accounts.factors import sent_codes
from idp.login.authenticators.sent_code import Sent
from idp.login.authn import EMAIL

AUTHENTICATOR = Sent(sent_codes.EMAIL, EMAIL)
