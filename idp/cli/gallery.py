"""`doorward gallery …`: products that are known, what each needs, registered by few answers."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from idp.cli import application_options
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, group, print_json, print_table, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.access import Access
    from clients.gallery.filling import Filled
    from clients.gallery.template import Template
    from idp.admin.gallery import Added
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `gallery`."""
    verbs = group(commands, "gallery", "products that are known, with all that each needs")
    listing = with_json(command(verbs, "list", run_list, "list products"))
    listing.add_argument("words", metavar="WORD", nargs="*", help="only those that have these words, such as: git oidc")
    show = _template(with_json(command(verbs, "show", run_show, "show what is asked, and what to do in a product")))
    _answers(show)
    add = _template(with_json(command(verbs, "add", run_add, "register a product by its answers")))
    _answers(add)
    add.add_argument("--name", metavar="N", help="what people read on the sign-in page; else the product's name")
    add.add_argument("--metadata", metavar="FILE_OR_URL", help="SAML: the product's own metadata, in place of answers")
    add.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="any setting of an application")
    add.add_argument(
        "--everyone", action="store_true", help="everyone may open it; else nobody until somebody is named"
    )
    application_options.add_access(add)


def _template(parser: Any) -> Any:
    parser.add_argument("template", metavar="PRODUCT", help="the id that `doorward gallery list` shows")
    return parser


def _answers(parser: Any) -> None:
    parser.add_argument("--protocol", choices=("oidc", "saml"), help="where the product speaks both")
    parser.add_argument(
        "--answer", metavar="QUESTION=ANSWER", action="append", default=[], help="such as app=https://crm.example.com"
    )


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_list(args: Namespace) -> None:
    """List products."""
    from clients.gallery import shelf

    found = shelf.search(" ".join(args.words)) if args.words else shelf.everything()
    if args.json:
        print_json({"templates": [_head(one) for one in found]})
        return
    rows = [(one.id, one.name, one.category, "" if one.cannot else " ".join(one.protocols), one.sure) for one in found]
    nothing = f"Nothing has the words {' '.join(args.words)}: `doorward gallery list` shows all products."
    print_table(("Product", "Name", "For", "Speaks", "Facts are"), rows, nothing)


def run_show(args: Namespace) -> None:
    """Show a product; nothing is registered."""
    from idp.admin import gallery

    template = _found(args.template)
    filled, cannot = None, ""
    with opened(args) as services, _explained(template):
        from clients.gallery.filling import CannotBeConnected

        try:
            filled = gallery.shown(services, template, _given(args.answer), protocol=args.protocol)
        except CannotBeConnected as error:
            cannot = str(error)
    if args.json:
        print_json({**_whole(template), "cannot": cannot, "paste": None if filled is None else _paste(filled)})
        return
    say(f"{template.name}: {template.vendor}", f"The facts are {template.sure}, from: {template.source}")
    say(*([f"Unsure: {template.doubt}"] if template.doubt else []))
    say(*([f"Tried with {template.tried.version} on {template.tried.on}."] if template.tried else []))
    if filled is None:
        say("", cannot)
        return
    _say_questions(template)
    say("", f"Register it with: doorward gallery add {template.id} {_example(template)}".rstrip())
    _say_paste(filled)


def run_add(args: Namespace) -> None:
    """Register a product, and say what to paste there."""
    from idp.admin import gallery
    from idp.admin.descriptions import described

    template = _found(args.template)
    with opened(args) as services, _explained(template), application_options.naming_options():
        added = gallery.add(
            services, shell(), template.id, _given(args.answer), protocol=args.protocol,
            name=args.name or "", access=_access(services, args), settings=_settings(template, args),
            **_metadata(services, template, args),
        )  # fmt: skip
        shown = described(services, added.made.client, added.made.client_secret)
    if args.json:
        about = {"template": template.id, "paste": _paste(added.filled), "missing": list(added.filled.missing)}
        print_json({**shown, **about, "warnings": list(added.warnings)})
        return
    _say_added(added)


def _say_added(added: Added) -> None:
    from idp.cli import client_access

    client = added.made.client
    say(f"Registered {client.name} ({added.filled.template.name}).", f"Client id:     {client.id}")
    if added.made.client_secret is not None:
        say(f"Client secret: {added.made.client_secret}", "The secret is shown this once: keep it safe.")
    _say_paste(added.filled)
    complain(*(f"note: {warning}" for warning in added.warnings))
    if not client.enabled:
        complain(f"note: then: doorward client set {client.id} redirect_uris+=URI; doorward client enable {client.id}")
    if not (client.access.everyone or client.access.groups or client.access.persons):
        complain(f"note: {client_access.words(client.access)} yet; say who: "
                 f"doorward client access {client.id} --only --add-group GROUP")  # fmt: skip


# -- what is said ----------------------------------------------------------------------------------------------------


def _head(template: Template) -> dict[str, Any]:
    keys = ("id", "name", "category", "vendor", "sure", "cannot")
    tried = None if template.tried is None else {"version": template.tried.version, "on": str(template.tried.on)}
    return {**{key: getattr(template, key) for key in keys}, "tried": tried, "protocols": list(template.protocols)}


def _whole(template: Template) -> dict[str, Any]:
    from dataclasses import asdict

    more = {key: getattr(template, key) for key in ("source", "doubt", "people_first", "back_in")}
    questions = [{**asdict(one), "choices": list(one.choices)} for one in template.questions]
    return {**_head(template), **more, "questions": questions}


def _paste(filled: Filled) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "protocol": filled.protocol,
        "profile": filled.profile,
        "metadata": dict(filled.metadata),
        "service_provider": None if filled.service_provider is None else asdict(filled.service_provider),
        "steps": list(filled.steps),
        "fields": [asdict(field) for field in filled.fields],
        "env": list(filled.env),
        "snippet": None if filled.snippet is None else asdict(filled.snippet),
        "traps": list(filled.traps),
        "back_in": filled.template.back_in,
    }


def _say_questions(template: Template) -> None:
    for question in template.questions:
        later = " (may follow)" if question.later else ""
        choices = f" One of {', '.join(question.choices)}." if question.choices else ""
        say("", f"{question.id}: {question.label}, such as {question.example}{later}", f"    {question.why}{choices}")


def _say_paste(filled: Filled) -> None:
    template = filled.template
    say("", f"In {template.name}:", *(f"{number}. {step}" for number, step in enumerate(filled.steps, 1)))
    if filled.fields:
        say("", *(line for field in filled.fields for line in _lines(field.label, field.value)))
    if filled.env:
        say("", *filled.env)
    if filled.snippet is not None:
        say("", f"# {filled.snippet.file}", filled.snippet.text)
    say(*([""] if filled.traps else []), *(f"Mind: {trap}" for trap in filled.traps))
    if template.back_in:
        say("", f"The way in without Doorward, to be tried before it is closed: {template.back_in}")


def _lines(label: str, value: str) -> Sequence[str]:
    """A field; a value of several lines stands below its label, as it is to be pasted."""
    return (f"{label}: {value}",) if "\n" not in value else (f"{label}:", *value.splitlines())


def _example(template: Template) -> str:
    return " ".join(f"--answer {one.id}={one.example}" for one in template.questions if not one.later)


# -- what is asked ---------------------------------------------------------------------------------------------------


def _found(given: str) -> Template:
    from clients.gallery import shelf

    try:
        return shelf.get(given)
    except shelf.UnknownTemplate as error:
        hint = f"did you mean {' or '.join(error.near)}?" if error.near else "`doorward gallery list` shows all"
        raise Refused(f"there is no product “{given}” in the gallery; {hint}") from None


def _given(answers: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for entry in answers:
        key, equals, text = entry.partition("=")
        if not equals:
            raise Refused(f"--answer: “{entry}” has no value; write it like app=https://crm.example.com")
        if key in given:
            raise Refused(f"--answer {key}: is answered twice; answer it once")
        given[key] = text
    return given


def _access(services: Services, args: Namespace) -> Access:
    from clients.access import EVERYONE
    from idp.admin.gallery import NOBODY

    if args.everyone and (args.group or args.person):
        raise Refused("--everyone: is the whole rule, so no --group and no --person with it")
    if args.everyone:
        return EVERYONE
    return application_options.rule(services, args) if args.group or args.person else NOBODY


def _settings(template: Template, args: Namespace) -> dict[str, Any]:
    from idp.cli import service_providers

    is_saml = (args.protocol or template.protocols[0]) == "saml"
    return application_options.settings(args.set, "--set", service_providers.fields() if is_saml else None)


def _metadata(services: Services, template: Template, args: Namespace) -> dict[str, Any]:
    """The service provider's own metadata, where there is some."""
    if not args.metadata:
        return {}
    if (args.protocol or template.protocols[0]) != "saml":
        raise Refused("--metadata: is for SAML" + ("; give --protocol saml" if template.saml is not None else ""))
    from idp.cli import service_providers
    from idp.saml.metadata.sources import Origin

    with service_providers.explained():
        found = service_providers.read(services, args.metadata, None)
    origin = Origin(args.metadata, ()) if service_providers.is_url(args.metadata) else None
    return {"found": found, "origin": origin}


@contextlib.contextmanager
def _explained(template: Template) -> Iterator[None]:
    """What keeps a product from being registered, as sentences."""
    from clients.gallery.answers import InvalidAnswers
    from clients.gallery.filling import CannotBeConnected, NoSuchProtocol
    from idp.admin.gallery import Unfinished

    try:
        yield
    except InvalidAnswers as error:
        more = f"`doorward gallery show {template.id}` says why each is asked"
        raise Refused(*(f"--answer {problem.field}: {problem.message}" for problem in error.problems), more) from None
    except NoSuchProtocol as error:
        raise Refused(f"--protocol: {error}") from None
    except CannotBeConnected as error:
        raise Refused(f"{template.name} cannot be connected: {error}") from None
    except Unfinished as error:
        raise Refused(
            f"{template.name} tells {' and '.join(error.questions)} once it is set up there: do that first with the "
            f"values of `doorward gallery show {template.id}`, then add it with what it tells"
        ) from None
