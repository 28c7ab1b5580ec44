"""A person who is asked for what an application began elsewhere: the steps of CIBA."""

from __future__ import annotations

from typing import Any

from tests.provider import Answer, App, Browser, Provider

GRANT = "urn:openid:params:grant-type:ciba"


def add(provider: Provider, name: str = "Bank", **metadata: Any) -> App:
    """An application that asks people, and asks us again."""
    said = {"backchannel_token_delivery_mode": "poll", "redirect_uris": [], "grant_types": [GRANT, "refresh_token"]}
    return provider.add_client(name, **{**said, **metadata})


def ask(provider: Provider, app: App, **data: Any) -> Answer:
    return provider.post("oauth/bc-authorize", app, {"scope": "openid profile", "login_hint": "ann", **data})


def begun(provider: Provider, app: App, **data: Any) -> dict[str, Any]:
    """What the application was answered, once the job behind it has run."""
    answer = ask(provider, app, **data)
    assert answer.status == 200, answer.text
    run(provider)
    return dict(answer.json)


def run(provider: Provider) -> None:
    """Ask whoever is to be asked: what a worker does."""
    jobs = provider.services.jobs
    for job in [job for job in jobs.pending() if job.state == "waiting" and job.name.startswith("oidc.ciba")]:
        jobs.perform(job.name, job.payload)
        jobs.forget(job.id)


def come(provider: Provider, browser: Browser, login: str = "ann") -> Answer:
    """Open the list of what waits, and look at the first one."""
    page = browser.get("requests")
    if page.is_login_page:
        page = browser.follow(browser.log_in(page, login))
    forms = [n for n, form in enumerate(page.dom.forms) if "request" in form.names()]
    return browser.submit(page, "request", form=forms[0]) if forms else page


def poll(provider: Provider, app: App, began: dict[str, Any], **data: Any) -> Answer:
    return provider.post("oauth/token", app, {"grant_type": GRANT, "auth_req_id": began["auth_req_id"], **data})


def tokens(provider: Provider) -> dict[str, Any]:
    """The whole way of one application."""
    app, browser = add(provider), provider.browser()
    began = begun(provider, app)
    browser.submit(come(provider, browser), "allow")
    return dict(poll(provider, app, began).json)
