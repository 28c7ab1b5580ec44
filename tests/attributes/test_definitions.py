"""U1: what may be said of an attribute, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from clients.attributes import checking, kept, patterns
from clients.attributes.definition import Definition, of_said, release_to
from clients.errors import InvalidMetadata
from idp import attribute_values
from idp.admin import attributes
from idp.admin.actor import of_shell
from tests.provider import Provider


def test_U1_an_attribute_without_a_word_is_a_text_that_nobody_is_told_by_itself() -> None:
    made = checking.checked("cost_centre", {})
    assert (made.title, made.type, made.release) == ("cost_centre", "text", "tables")
    assert made.said() == {}
    assert of_said(made.name, made.said()) == made


def test_U1_what_is_said_is_put_in_order_and_reads_back_the_same() -> None:
    said = {
        "label": " Cost  centre ", "labels": {"fr": "Centre", "de": "Kostenstelle", "es": " "}, "type": "choices",
        "options": ["B", "A", "B", " "], "edits": ["admin", "person"], "min": 1, "max": 2, "min_": 1,
    }  # fmt: skip
    with pytest.raises(InvalidMetadata, match="min_"):
        checking.checked("x", said)
    del said["min_"]
    made = checking.checked("x", said)
    assert made.label == "Cost centre"
    assert made.labels == {"de": "Kostenstelle", "fr": "Centre"}
    assert (made.options, made.edits) == (("B", "A"), ("person", "admin"))
    assert (made.called("de"), made.called("es"), made.called("en")) == ("Kostenstelle", "Cost centre", "Cost centre")
    assert of_said("x", made.said()) == made


@pytest.mark.parametrize(
    ("name", "said", "field"),
    [
        ("", {}, "name"), ("1st", {}, "name"), ("a b", {}, "name"), ("é", {}, "name"), ("a#b", {}, "name"),
        ("a" * 101, {}, "name"), ("sub", {}, "name"), ("<script>", {}, "name"),
        ("x", {"label": "a" * 81}, "label"), ("x", {"label": "a\u202eb"}, "label"), ("x", {"label": 5}, "label"),
        ("x", {"labels": {"tlh": "Qapla"}}, "labels"), ("x", {"labels": []}, "labels"),
        ("x", {"type": "secret"}, "type"), ("x", {"type": "choice"}, "options"),
        ("x", {"options": ["a"]}, "options"), ("x", {"type": "choices", "options": ["a|b"]}, "options"),
        ("x", {"type": "choice", "options": [5]}, "options"), ("x", {"required": "yes"}, "required"),
        ("x", {"type": "number", "min": 3, "max": 2}, "max"), ("x", {"type": "number", "min": "3"}, "min"),
        ("x", {"type": "number", "min": True}, "min"), ("x", {"min": -1}, "min"), ("x", {"max": 1001}, "max"),
        ("x", {"type": "date", "max": "tomorrow"}, "max"), ("x", {"type": "boolean", "min": 1}, "min"),
        ("x", {"type": "number", "max": float("inf")}, "max"),
        ("x", {"pattern": "("}, "pattern"), ("x", {"pattern": "a)(b"}, "pattern"),
        ("x", {"pattern": "(?=a)"}, "pattern"),
        ("x", {"type": "number", "pattern": "1"}, "pattern"), ("x", {"pattern": "a" * 201}, "pattern"),
        ("x", {"sees": ["everyone"]}, "sees"), ("x", {"edits": ["person"], "sees": []}, "edits"),
        ("x", {"required": True, "edits": []}, "required"), ("x", {"release": "world"}, "release"),
        ("x", {"release": "apps"}, "apps"), ("x", {"apps": ["c1"]}, "apps"), ("x", {"release": "scope"}, "scope"),
        ("x", {"release": "scope", "scope": "openid"}, "scope"), ("x", {"release": "scope", "scope": "a b"}, "scope"),
        ("x", {"scope": "hr"}, "scope"), ("SUB", {}, "name"), ("Groups", {}, "name"), ("verified_claims", {}, "name"),
        ("Entitlements", {}, "name"), ("x", {"min": float("nan")}, "min"), ("x", {"max": float("inf")}, "max"),
        ("x", {"type": "number", "max": 10**400}, "max"),
        ("x", {"type": "choices", "options": ["a"], "max": float("inf")}, "max"),
        ("x", {"release": "scope", "scope": "doorward:admin"}, "scope"),
        ("x", {"release": "scope", "scope": "claim:pay"}, "scope"),
    ],
)  # fmt: skip
def test_U1_what_cannot_be_is_refused_by_the_field_that_is_wrong(name: str, said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidMetadata) as caught:
        checking.checked(name, said, taken={"sub", "groups"})
    assert field in {one.field for one in caught.value.problems}


def test_U1_a_bound_of_days_is_kept_in_the_one_form_that_values_are_kept_in() -> None:
    made = checking.checked("x", {"type": "date", "min": "20260101"})
    assert made.min == "2026-01-01"
    assert attribute_values.read(made, "2026-05-01") == "2026-05-01"


@pytest.mark.parametrize("name", ["kerberos_principal", "Windows_Account_Name", "x509_subject_name", "affiliation"])
def test_U1_nobody_edits_by_what_applications_know_who_they_are(provider: Provider, name: str) -> None:
    with pytest.raises(InvalidMetadata) as caught:
        attributes.add(provider.services, of_shell("cli:test"), name, {"edits": ["person", "admin"]})
    assert [one.field for one in caught.value.problems] == ["edits"]
    attributes.add(provider.services, of_shell("cli:test"), name, {"edits": ["admin"]})


def test_U1_names_that_differ_by_case_alone_are_one_name(provider: Provider) -> None:
    attributes.add(provider.services, of_shell("cli:test"), "centre", {})
    with pytest.raises(InvalidMetadata) as caught:
        attributes.add(provider.services, of_shell("cli:test"), "Centre", {})
    assert [one.field for one in caught.value.problems] == ["name"]
    assert "centre is defined already" in caught.value.problems[0].message
    with pytest.raises(InvalidMetadata):  # by two lines of one file, say
        kept.put(provider.services.db, Definition(name="CENTRE"), 0.0, record=lambda *_: None)
    attributes.change(provider.services, of_shell("cli:test"), "centre", {"label": "Cost centre"})
    assert list(provider.services.registry.attributes()) == ["centre"]


def test_U1_a_pattern_is_of_the_whole_text_and_no_text_makes_it_slow() -> None:
    assert patterns.fits("[A-Z]{2}[0-9]{4}|x", "AB1234")
    assert patterns.fits("[A-Z]{2}[0-9]{4}|x", "x")
    assert not patterns.fits("[A-Z]{2}[0-9]{4}|x", "AB1234 ")
    assert not patterns.fits("a", "a\n")
    assert not patterns.fits("(a+)+b", "a" * 1000)  # a backtracking reader would take longer than the sun


def test_U1_each_application_is_told_what_the_definitions_say_for_it() -> None:
    made = (
        Definition(name="pay", release="nobody"), Definition(name="desk"),
        Definition(name="centre", release="scope", scope="hr"), Definition(name="badge", release="apps", apps=("c1",)),
    )  # fmt: skip
    one, other = release_to("c1", made), release_to("c2", made)
    assert (one.by_scope, one.own, one.hidden) == ({"hr": ("centre",)}, ("badge",), {"pay"})
    assert (other.by_scope, other.own, other.hidden) == ({"hr": ("centre",)}, (), {"pay", "badge"})
    known = {"pay": 1, "pay#de": 1, "desk": 2, "badge": 3, "free": 4}
    assert other.without_hidden(known) == {"desk": 2, "free": 4}
