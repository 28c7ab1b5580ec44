"""Sign-in rules as files have them (C5)."""

from __future__ import annotations

from tests.admin.configuration.conftest import Configured, Open

RULES = """
[[group]]
name = "finance"

[[rule]]
name = "Money"
groups = ["finance"]
grace_days = 14
why = "Finance handles payments."

[[rule]]
name = "Office hours"
need = "deny"
outside = ["192.0.2.0/24", "2001:db8::/32"]
roles = ["auditor"]
on = false
"""


def test_C5_rules_go_to_an_empty_installation_and_come_back_with_the_same_bytes(
    configured: Configured, another: Open
) -> None:
    app = configured.provider.add_client("Payroll")
    configured.apply(RULES)
    configured.provider.add_rule(name="Pay", need="none", max_age_minutes=30, apps=[app.id])
    exported = configured.export()
    other = another()
    other.apply(exported)
    assert other.export() == exported
    assert not other.changes(exported)
    assert not configured.changes(exported)


def test_C5_a_plan_tells_in_numbers_what_a_rule_does_to_people(configured: Configured) -> None:
    for n in range(12):
        configured.provider.add_person(f"p{n}", groups=["finance"])
    money, hours = configured.changes(RULES)
    assert money.effects == ("12 people without such a factor will be asked to set one up",)
    assert (hours.action, hours.effects) == ("add", ())  # it is off
    configured.apply(RULES)
    aged = 'groups = ["finance"]\nneed = "none"\nmax_age_minutes = 9'
    less = configured.change(RULES.replace('groups = ["finance"]', aged).replace("grace_days = 14", ""))
    assert less.effects == ("12 people will sign in anew after its time", "12 people may sign in with less than before")
    gone = configured.changes(RULES.split("[[rule]]")[0], prune=True)
    assert [(one.action, one.name) for one in gone] == [("remove", "Office hours"), ("remove", "Money")]
    assert gone[1].effects == ("12 people may sign in with less than before",)


def test_C5_an_applied_rule_holds_at_once(configured: Configured) -> None:
    provider = configured.provider
    provider.add_person("ann", groups=["finance"])
    app, browser = provider.add_client(), provider.browser()
    assert provider.sign_in(browser, app).code
    configured.apply(RULES.replace("grace_days = 14", ""))
    assert not provider.authorize(browser, app).is_redirect


def test_C5_what_is_wrong_with_a_rule_is_said_with_its_line(configured: Configured) -> None:
    found = configured.faults('[[rule]]\nname = "A"\ngroups = ["nobody here"]\nneed = "third"\n[[rule]]\nneeds = "x"\n')
    assert "apps.toml:4" in found[0]
    assert "need" in found[0]
    assert "did you mean need?" in found[1]
    (group,) = configured.faults('[[rule]]\nname = "A"\ngroups = ["nobody here"]\n')
    assert group.startswith("apps.toml:3")
    assert "no group nobody here" in group
    assert configured.faults('[[rule]]\nname = "A"\n[[rule]]\nname = "a"\n')
    assert configured.faults('[[rule]]\nneed = "second"\n')


def test_B5_no_file_shuts_every_owner_out(configured: Configured) -> None:
    owner = configured.provider.add_person("boss")
    configured.services.directory.set_roles(owner.id, ["owner"])
    (fault,) = configured.faults('[[rule]]\nname = "Nobody"\nneed = "deny"\n')
    assert "no owner would be left with a way in" in fault


def test_C5_an_application_of_the_same_file_is_named_by_its_name(configured: Configured) -> None:
    configured.apply(
        '[[application]]\nname = "Pay"\naccess = "everyone"\nredirect_uris = ["https://pay.example/cb"]\n'
        '[[rule]]\nname = "Pay"\napps = ["Pay"]\n'
    )
    (app,) = configured.services.registry.list()
    assert configured.services.rules.current()[0].apps == (app.id,)
    assert not configured.changes('[[rule]]\nname = "Pay"\napps = ["Pay"]\n')


def test_C5_a_key_that_a_file_drops_goes_back_to_what_nobody_said(configured: Configured) -> None:
    configured.apply('[[rule]]\nname = "A"\nwhy = "Because."\non = false\n')
    change = configured.change('[[rule]]\nname = "A"\n')
    assert [(field.name, field.after) for field in change.fields] == [("on", True), ("why", None)]
