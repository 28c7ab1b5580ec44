"""C5: what a plan says: the difference, what it would break in numbers, and what is wrong, by file, line and key."""

from __future__ import annotations

from typing import Any

import pytest

from clients.access import Access
from clients.registry import Draft
from idp.accounts import groups, notices
from idp.admin.configuration.changes import Change, Field
from idp.saml.metadata import sources
from tests.admin.configuration.conftest import Configured
from tests.clients.test_saml_registry import facts
from tests.saml.documents import certificate

HOME = "https://wiki.example/cb"
WIKI = f'[[application]]\nname = "Wiki"\naccess = "everyone"\nredirect_uris = ["{HOME}"]\n'


def wiki(**more: str) -> str:
    return WIKI + "".join(f"{key} = {value}\n" for key, value in more.items())


def by_name(change: Change) -> dict[str, tuple[Any, Any]]:
    return {field.name: (field.before, field.after) for field in change.fields}


# -- the difference ----------------------------------------------------------------------------------------------------


def test_C5_what_is_not_there_is_added_with_all_that_is_declared(configured: Configured) -> None:
    change = configured.change(wiki(require_auth_time="true"))
    assert (change.action, change.kind, change.id, change.name) == ("add", "application", "", "Wiki")
    assert change.place == "apps.toml:1"
    assert by_name(change) == {
        "name": (None, "Wiki"), "profile": (None, "web"), "access": (None, "everyone"),
        "redirect_uris": (None, [HOME]), "require_auth_time": (None, True),
    }  # fmt: skip
    assert configured.services.registry.list() == []  # a plan writes nothing
    assert change.effects[0] == "a new secret is made; it is shown once"


def test_C5_only_what_is_declared_is_compared(configured: Configured) -> None:
    configured.apply(wiki())
    (entry,) = configured.services.registry.list()
    configured.services.registry.update(entry.id, {"description": "by hand", "require_auth_time": True})
    assert configured.changes(wiki()) == ()
    assert by_name(configured.change(wiki(require_auth_time="false"))) == {"require_auth_time": (True, False)}
    assert configured.changes(wiki(require_auth_time="true", description='"by hand"')) == ()


def test_C5_a_default_that_is_said_is_no_difference(configured: Configured) -> None:
    configured.apply(wiki())
    more = {"require_pkce": "true", "consent": '"implicit"', "grant_types": '["authorization_code", "refresh_token"]'}
    assert configured.changes(wiki(**more)) == ()


def test_C5_a_line_that_is_taken_out_goes_back_to_the_default(configured: Configured) -> None:
    configured.apply(wiki(description='"x"', access_token_lifetime="60", enabled="false"))
    change = configured.change(wiki())
    assert by_name(change) == {
        "description": ("x", None), "access_token_lifetime": (60, None), "enabled": (False, True),
    }  # fmt: skip
    configured.apply(wiki())
    assert configured.changes(wiki()) == ()
    (entry,) = configured.services.registry.list()
    assert entry.enabled
    assert configured.services.registry.registered(entry.id) == {"redirect_uris": [HOME]}


def test_C5_who_may_open_it_stays_where_the_line_is_taken_out(configured: Configured) -> None:
    nobody = WIKI.replace('"everyone"', '"nobody"')
    configured.apply(nobody)
    assert configured.changes(nobody.replace('access = "nobody"\n', "")) == ()


def test_C5_an_application_is_found_by_its_id_or_its_name(configured: Configured) -> None:
    configured.apply(wiki())
    (entry,) = configured.services.registry.list()
    named = WIKI.replace('name = "Wiki"', f'id = "{entry.id}"\nname = "Renamed"')
    assert by_name(configured.change(named)) == {"name": ("Wiki", "Renamed")}
    configured.services.registry.register(Draft(name="Wiki", metadata={"redirect_uris": [HOME]}))
    (line,) = configured.faults(wiki())
    assert line.startswith("apps.toml:2: application “Wiki”: name: 2 applications are called so; add the id: c")


def test_C5_another_profile_shows_what_comes_with_it(configured: Configured) -> None:
    configured.apply(wiki())
    shown = by_name(configured.change(wiki(profile='"spa"')))
    assert shown["profile"] == ("web", "spa")
    assert shown["token_endpoint_auth_method"] == ("client_secret_basic", "none")
    assert shown["allowed_origins"] == (None, ["https://wiki.example"])


def test_C5_an_application_that_becomes_one_with_a_secret_gets_one(configured: Configured) -> None:
    spa = wiki(profile='"spa"')
    assert configured.apply(spa).secrets == ()
    web = wiki(profile='"web"', has_secret="true")
    assert "a new secret is made; it is shown once" in configured.change(web).effects
    ((client, secret),) = configured.apply(web).secrets
    found = configured.services.registry.get(client.id)
    assert found.find_secret(secret, configured.services.clock()) is not None
    assert configured.changes(web) == ()
    assert secret not in configured.export()


def test_C5_offline_access_that_is_said_is_another_thing_than_by_default(configured: Configured) -> None:
    from clients.profiles import STANDARD_SCOPE

    configured.apply(wiki())
    said = wiki(scope=f'"{STANDARD_SCOPE}"')
    assert configured.change(said).fields == (Field("scope", None, STANDARD_SCOPE),)
    configured.apply(said)
    assert configured.changes(said) == ()


# -- people, groups ----------------------------------------------------------------------------------------------------


def limited(*names: str, people: tuple[str, ...] = ()) -> str:
    rule = f"{{ groups = {list(names)}, people = {list(people)} }}"
    return WIKI.replace('"everyone"', rule)


def test_C5_the_plan_counts_who_loses_and_who_gets_an_application(configured: Configured) -> None:
    for name, of in (("ann", ("sales",)), ("bo", ("sales",)), ("cy", ()), ("dan", ("board",))):
        configured.provider.add_person(name, None, groups=of)
    gone = configured.provider.add_person("gone", None, groups=("board",))
    configured.services.directory.disable(gone.id)
    configured.apply(wiki())
    everyone = configured.services.directory.count() - 1
    assert f"{everyone - 2} people lose this application" in configured.change(limited("sales")).effects
    configured.apply(limited("sales"))
    assert configured.change(limited("Sales", people=("cy",))).effects == ("1 person more may open it",)
    assert configured.change(limited("board", people=("ann@example.com",))).effects == (
        "1 person loses this application", "1 person more may open it",
    )  # fmt: skip
    nobody = configured.change(wiki(enabled="false"))
    assert f"{everyone} people may open it" not in nobody.effects
    assert configured.change(limited("sales") + "enabled = false\n").effects == ("2 people lose this application",)


def test_C5_the_plan_counts_the_sign_ins_that_end(configured: Configured) -> None:
    provider = configured.provider
    provider.add_person("ann", groups=("sales",))
    provider.add_person("bo")
    app = provider.add_client("CRM")
    for name in ("ann", "bo", "bo"):
        answer = provider.sign_in(provider.browser(), app, name)
        assert provider.redeem(app, answer.code).status == 200
    text = f'[[application]]\nid = "{app.id}"\n'
    off = configured.change(text + "enabled = false\n").effects
    assert "ends 3 sessions of this application, with their tokens" in off
    some = configured.change(text + 'access = { groups = ["sales"] }\n').effects
    assert "ends 2 sessions of this application, with their tokens" in some
    configured.apply(text)
    (removed,) = configured.changes("", prune=True)
    assert (removed.action, removed.id) == ("remove", app.id)
    assert "ends 3 sessions of this application, with their tokens" in removed.effects
    assert "it can be brought back for 30 days" in removed.effects
    assert configured.change(text + 'description = "x"\n').effects == ()


def test_C5_a_person_who_is_not_there_is_an_error_with_the_name_that_looks_like_it(configured: Configured) -> None:
    configured.provider.add_person("annika", None)
    (line,) = configured.faults(limited(people=("anika",)))
    assert line.startswith("apps.toml:3: application “Wiki”: access: people: nobody has the username “anika”; did you")
    assert "annika" in line
    (line,) = configured.faults(limited(people=("zzz",)))
    assert "people are no part of a file: add or import them first" in line


def test_C5_a_group_that_is_a_slip_is_an_error_and_a_new_one_a_note(configured: Configured) -> None:
    groups.add(configured.services.db, "finance", 0, record=configured.record)
    (line,) = configured.faults(limited("finanse"))
    assert "there is no group “finanse”; did you mean “finance”?" in line
    plan = configured.plan('[[group]]\nname = "finanse"\n' + limited("finanse"))
    assert ([change.kind for change in plan.changes], plan.notes) == (["group", "application"], ())
    (note,) = configured.plan(limited("board")).notes
    assert note == "apps.toml:3: there is no group “board” yet, so it lets nobody in"


def test_C5_a_rule_that_names_somebody_who_is_gone_is_no_difference(configured: Configured) -> None:
    ann = configured.provider.add_person("ann", None)
    rule = Access.only(groups=["gone"], persons=[ann.id])
    configured.services.registry.register(Draft(name="Wiki", metadata={"redirect_uris": [HOME]}, access=rule))
    configured.services.directory.remove(ann.id)
    text = configured.export()
    assert "# 1 of the people named for it is gone, and not written" in text
    assert configured.changes(text) == ()


# -- service providers, sources, notices ------------------------------------------------------------------------------


def test_C5_a_service_provider_is_declared_by_its_acs_or_a_file(configured: Configured, tmp_path: Any) -> None:
    short = '[[application]]\nname = "SP"\naccess = "nobody"\nentity_id = "https://sp.example"\nacs = ["https://sp.example/acs"]\n'
    change = configured.change(short + 'sign = "assertion"\n')
    assert by_name(change)["sign"] == (None, "assertion")
    assert change.effects == ("nobody may open it",)
    configured.apply(short)
    assert configured.changes(short) == ()
    moved = short.replace("/acs", "/other")
    assert [field.name for field in configured.change(moved).fields] == ["sp_metadata.acs"]
    (line,) = configured.faults(short + 'metadata_file = "sp.xml"\n')
    assert line.startswith("apps.toml:6: application “SP”: metadata_file: the metadata is given by acs already")
    (line,) = configured.faults(short.replace('acs = ["https://sp.example/acs"]', 'metadata_file = "/no/such.xml"')
                                .replace("https://sp.example", "https://other.example"))  # fmt: skip
    assert "metadata_file: /no/such.xml cannot be read: No such file or directory" in line
    (line,) = configured.faults('[[application]]\nname = "X"\nprofile = "saml"\naccess = "nobody"\n')
    assert "expected metadata_url, metadata_file, or entity_id with acs" in line


def test_C5_what_one_protocol_has_the_other_does_not_take(configured: Configured) -> None:
    configured.apply(wiki())
    (entry,) = configured.services.registry.list()
    (line,) = configured.faults(f'[[application]]\nid = "{entry.id}"\nsign = "both"\n')
    assert "speaks OpenID Connect, and this table is of a service provider" in line
    configured.services.registry.register(Draft(kind="saml", name="SP", metadata={"sp_metadata": facts()}))
    (line,) = configured.faults('[[application]]\nname = "SP"\nredirect_uris = ["https://x.example/"]\n')
    assert "redirect_uris: unknown key" in line
    (line,) = configured.faults('[[application]]\nname = "SP"\nprofile = "web"\n')
    assert "profile: expected saml" in line


SOURCE = '[[source]]\nurl = "https://federation.example/md"\nkind = "aggregate"\naccess = "everyone"\n'


def test_C5_a_source_is_added_changed_and_not_made_another_kind(configured: Configured) -> None:
    pinned = f'certificates = ["{certificate()}"]\n'
    assert configured.change(SOURCE + pinned).action == "add"
    configured.apply(SOURCE + pinned)
    changed = SOURCE + pinned + 'name = "Federation"\nmax_days = 3\n[source.defaults]\nsign = "assertion"\n'
    shown = by_name(configured.change(changed))
    assert shown["name"] == ("https://federation.example/md", "Federation")
    assert shown["defaults"] == ({}, {"sign": "assertion"})
    configured.apply(changed)
    assert configured.changes(changed) == ()
    (source,) = sources.list_all(configured.services)
    assert (source.name, source.max_validity, source.defaults) == ("Federation", 3 * 86_400, {"sign": "assertion"})
    pem = f'certificates = ["""-----BEGIN CERTIFICATE-----\n{certificate()}\n-----END CERTIFICATE-----"""]\n'
    assert configured.changes(SOURCE + pem) == () or configured.change(SOURCE + pem).fields
    for text, said in (
        (SOURCE.replace("aggregate", "mdq") + pinned, "kind: is aggregate and cannot become mdq"),
        (SOURCE + 'certificates = ["AAAA"]\n', "certificates: a certificate cannot be used"),
        (SOURCE + pinned + "max_days = 0\n", "max_days: expected 1 to 400"),
        (SOURCE + pinned + '[source.defaults]\nsing = "both"\n', "defaults: sing: unknown key; did you mean sign?"),
        (SOURCE.replace("federation.", "other."), "certificates is missing"),
        (SOURCE.replace("https://f", "ftp://f") + pinned, "url: ftp://federation.example/md: expected an https"),
    ):
        assert any(said in line for line in configured.faults(text)), (said, configured.faults(text))


def test_C5_a_notice_is_what_it_says_and_one_that_has_ended_is_no_error(configured: Configured) -> None:
    text = '[[notice]]\ntext = "Down"\nto = 2999-01-01T00:00:00Z\nwhere = "login"\n'
    configured.apply(text)
    assert configured.changes(text) == ()
    (notice,) = notices.list_of(configured.services.db)
    assert (notice.text, notice.place, notice.ends_at) == ("Down", "login", 32472144000)
    assert configured.change(text.replace("Down", "Up")).action == "add"
    past = text.replace("2999", "1999")
    assert configured.changes(past) == ()
    assert configured.plan(past).notes == ("apps.toml:3: notice “Down”: has ended; take it out",)
    for wrong, said in (
        ('to = "soon"', "to: expected a time such as"),
        ('application = "zzz"', "there is no application with this id or name"),
        ("from = 2999-02-01T00:00:00Z", "to: it would end before it begins"),
        ("where = 7", "where: expected login, launcher, both"),
    ):
        body = '[[notice]]\ntext = "Down"\n' + ("to = 2999-01-01T00:00:00Z\n" if "from" in wrong else "") + wrong
        assert any(said in line for line in configured.faults(body)), wrong


def test_C5_a_notice_of_an_application_of_the_same_file(configured: Configured) -> None:
    text = wiki() + '[[notice]]\ntext = "Down"\napplication = "Wiki"\n'
    configured.apply(text)
    assert configured.changes(text) == ()
    (notice,) = notices.list_of(configured.services.db)
    assert notice.client_id == configured.services.registry.list()[0].id


# -- what is wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (wiki(redirect_uri='"x"'), "5: redirect_uri: unknown key (did you mean redirect_uris?)"),
        (wiki(client_name='"x"'), "5: client_name: is called name here"),
        (wiki(require_pkce='"yes"'), "5: require_pkce: expected true or false"),
        (wiki(require_pkce="1"), "5: require_pkce: expected true or false"),
        (wiki(access_token_lifetime="5"), "5: access_token_lifetime: expected a number"),
        (wiki(default_max_age="2026-01-01"), "5: default_max_age: has a date"),
        (wiki(claims_map="{ a = nan }"), "5: claims_map: has a date, a time, or a number"),
        (wiki(jwks="'{'"), "5: jwks: expected an object in JSON"),
        (wiki(profile='"webb"'), "5: profile: unknown; expected one of web, spa"),
        (wiki(enabled='"no"'), "5: enabled: expected true or false"),
        (wiki(has_secret="false"), "5: has_secret: an application that is client_secret"),
        (wiki(profile='"spa"', has_secret="true"), "6: has_secret: an application that is none"),
        (wiki(id='"wi ki"'), "5: id: expected 1 to 128 letters"),
        (wiki(id="7"), "5: id: expected the client id"),
        (WIKI.replace("https:", "http:"), "4: redirect_uris: http://wiki.example/cb"),
        (WIKI.replace('"everyone"', '"all"'), '3: access: expected "everyone", "nobody"'),
        (WIKI.replace('"everyone"', "{}"), '3: access: expected "everyone", "nobody"'),
        (WIKI.replace('"everyone"', "{ groups = 'x' }"), "3: access: groups: expected a list"),
        (WIKI.replace('access = "everyone"\n', ""), "1: access is missing: say who may open"),
        ("[[application]]\n", "1: name: is needed"),
        ("[[application]]\nname = 7\n", "2: name: is needed"),
        ("[[group]]\nname = ''\n", "2: name: “” cannot be a group's name"),
        ("[[group]]\nname = 'x'\nmembers = []\n", "3: members: unknown key; expected name"),
        ("[[notice]]\ntext = ''\n", "2: text: expected 1 to 500 visible characters"),
    ],
)  # fmt: skip
def test_C5_what_is_wrong_is_named_by_file_line_and_key_with_what_is_expected(
    configured: Configured, text: str, said: str
) -> None:
    lines = configured.faults(text)
    number, _, rest = said.partition(": ")
    assert any(line.startswith(f"apps.toml:{number}: ") and rest in line for line in lines), lines


def test_C5_everything_that_is_wrong_is_said_at_once(configured: Configured) -> None:
    text = wiki(require_pkce='"yes"', description="7").replace('"everyone"', '{ people = ["zoe"], groups = [""] }')
    lines = configured.faults(text, other="[[group]]\nname = ''\n")
    assert [line.partition(": ")[0] for line in lines] == [
        "other.toml:2", "apps.toml:3", "apps.toml:3", "apps.toml:5", "apps.toml:6",
    ]  # fmt: skip


def test_C5_two_tables_of_one_object_are_an_error_that_names_both(configured: Configured) -> None:
    group = '[[group]]\nname = "Sales"\n'
    (line,) = configured.faults(group, other="\n" + group.lower())
    assert line == "other.toml:2: group “sales”: stands at apps.toml:1 already; take one of them out"
    configured.apply(wiki())
    (entry,) = configured.services.registry.list()
    (line,) = configured.faults(wiki(), other=f'[[application]]\nid = "{entry.id}"\n')
    assert line.startswith("other.toml:1: ")
    assert "is the one that stands at apps.toml:1 already" in line


# -- what files manage -----------------------------------------------------------------------------------------------


def test_C5_what_no_file_has_managed_is_never_removed(configured: Configured) -> None:
    configured.provider.add_client("By hand")
    groups.add(configured.services.db, "by hand", 0, record=configured.record)
    assert configured.changes("", prune=True) == ()
    configured.apply(wiki())
    assert configured.changes(wiki(), prune=True) == ()
    assert configured.changes("", other="", prune=True) != ()  # apps.toml managed the wiki
    assert configured.plan(other="", prune=True).changes == ()  # other.toml did not


def test_C5_what_a_file_no_longer_names_stays_until_prune_or_keep(configured: Configured) -> None:
    both = '[[group]]\nname = "a"\n\n[[group]]\nname = "b"\n\n[[notice]]\ntext = "x"\n'
    one = '[[group]]\nname = "a"\n'
    configured.provider.add_person("ann", None, groups=("b",))
    configured.apply(both)
    plan = configured.plan(one)
    assert plan.changes == ()
    assert [(mark.kind, mark.manager) for mark in plan.left] == [("group", "apps.toml"), ("notice", "apps.toml")]
    assert [(c.action, c.kind, c.name) for c in configured.changes(one, prune=True)] == [
        ("remove", "notice", "x"), ("remove", "group", "b"),
    ]  # fmt: skip
    assert configured.changes(one, prune=True)[1].effects == ("1 person leaves it",)
    configured.apply(one, prune=True)
    assert [group.name for group in groups.list_of(configured.services.db)] == ["a"]
    assert notices.list_of(configured.services.db) == ()
    configured.apply(both)
    assert configured.apply(one, keep=True).let_go == 2
    assert (configured.plan(one).left, configured.changes(one, prune=True)) == ((), ())
    assert [group.name for group in groups.list_of(configured.services.db)] == ["a", "b"]


def test_C5_an_object_moves_from_one_file_to_another(configured: Configured) -> None:
    configured.apply(wiki())
    change = configured.change(other=wiki())
    assert by_name(change) == {"managed_by": ("apps.toml", "other.toml")}
    configured.apply(other=wiki())
    assert configured.changes(other=wiki()) == ()
    assert configured.changes("", prune=True) == ()  # it is no longer apps.toml's


def test_C5_a_file_has_the_name_that_it_calls_itself(configured: Configured) -> None:
    named = 'managed_by = "git.example/crm"\n' + wiki()
    configured.apply(named)
    assert configured.changes(elsewhere=named) == ()
    assert by_name(configured.change(wiki())) == {"managed_by": ("git.example/crm", "apps.toml")}


def test_C5_an_application_that_was_removed_comes_back_with_its_id_and_secret(configured: Configured) -> None:
    app = configured.provider.add_client("CRM")
    text = configured.export()
    configured.services.registry.remove(app.id)
    change = configured.change(text.replace("CRM", "CRM 2"))
    assert (change.action, change.id, by_name(change)) == ("restore", app.id, {"name": ("CRM", "CRM 2")})
    configured.apply(text)
    assert configured.export() == text
    found = configured.services.registry.get(app.id)
    assert found.find_secret(app.secret or "", configured.services.clock()) is not None
