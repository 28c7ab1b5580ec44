"""Mail and text messages in their reader's language (A6)."""

from __future__ import annotations

import pytest

from idp.mail import rendering
from tests.mail.samples import SAMPLES, content
from tests.provider import Provider


@pytest.mark.parametrize(
    ("locale", "subject", "not_me"),
    [
        ("en", "New sign-in to your Doorward account", "This was not me"),
        ("de", "Neue Anmeldung an Ihrem Konto bei Doorward", "Das war ich nicht"),
        ("fr-BE", "Nouvelle connexion à votre compte Doorward", "Ce n’était pas moi"),
        ("es_AR", "Nuevo inicio de sesión en su cuenta de Doorward", "No fui yo"),
        ("zh-CN", "您的 Doorward 账户有新的登录", "不是我本人"),
        ("tlh", "New sign-in to your Doorward account", "This was not me"),
    ],
)
def test_A6_a_mail_is_in_its_reader_s_language(provider: Provider, locale: str, subject: str, not_me: str) -> None:
    letter = rendering.letter(provider.services, content("new_device", locale, **SAMPLES))
    assert letter.subject == subject
    assert not_me in letter.html
