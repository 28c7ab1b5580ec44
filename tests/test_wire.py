"""Reading and writing parameters and ids: our fast ways say what the standard library says."""

from __future__ import annotations

from base64 import b32hexencode
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp.ids import base32, first_id, new_id
from idp.wire import MAX_FIELDS, BadRequest, Params, Request, with_parameters

#: Text that forms are made of, and of what people try instead.
_FORM = st.text(alphabet="abc&=+%%%20AFfg;é#?/ \x00", max_size=40)
_VALUE = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20)


@given(_FORM)
@example("a=1&a=2&&b&=c&%41=%zz&%=%2")
@example("x=%C3%A9+%2B")
@example("x=%FF")
def test_parameters_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        with pytest.raises(BadRequest):
            Params.parse(text)
    else:
        assert Params.parse(text).pairs == expected


def test_too_many_parameters_are_refused() -> None:
    assert len(Params.parse("&".join(["a=1"] * MAX_FIELDS)).pairs) == MAX_FIELDS
    with pytest.raises(BadRequest):
        Params.parse("&".join(["a=1"] * (MAX_FIELDS + 1)))


@given(st.lists(st.tuples(_VALUE, _VALUE), max_size=4))
@example([("state", "a b+c&d=é\r\nSet-Cookie: x"), ("iss", "http://127.0.0.1:8000")])
def test_parameters_are_written_as_the_standard_library_writes_them(parameters: list[tuple[str, str]]) -> None:
    assert with_parameters("https://app.example/cb", parameters) == "https://app.example/cb?" + urlencode(parameters)
    assert with_parameters("https://app.example/cb?x=1", parameters, fragment=True) == (
        "https://app.example/cb?x=1" + ("#" + urlencode(parameters) if parameters else "")
    )


@given(st.binary(min_size=16, max_size=16))
@example(b"\x00" * 16)
@example(b"\xff" * 16)
def test_ids_are_base32hex(raw: bytes) -> None:
    assert base32(raw) == b32hexencode(raw).decode().lower().rstrip("=")


@given(st.integers(0, 2**47), st.integers(0, 2**47))
def test_ids_sort_by_time(one: int, other: int) -> None:
    first, last = sorted((one / 1000, other / 1000))
    assert new_id(first) < new_id(last)
    assert first_id(first) <= new_id(first)
    if int(first * 1000) < int(last * 1000):
        assert new_id(first) < first_id(last)


@pytest.mark.spec("RFC 9562 §6.2")
def test_ids_of_one_moment_sort_in_the_order_in_which_they_were_made() -> None:
    ids = [new_id(1234.5678) for _ in range(500)]
    assert ids == sorted(set(ids))
    assert all(made > first_id(1234.5678) for made in ids)


def test_a_request_is_what_came_and_refuses_to_be_written_to() -> None:
    request = Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/login"})
    for name in ("method", "segment", "browser", "client_id"):
        with pytest.raises(AttributeError):
            setattr(request, name, "x")
    assert (request.method, request.segment, request.path) == ("POST", "", "/login")


def test_what_is_learnt_of_a_visitor_is_a_new_value_and_has_a_name_that_is_known() -> None:
    request = Request({"REQUEST_METHOD": "GET"})
    before = request.visitor
    request.learn(ui_locales="fr")
    request.learn(client_id="ccrm")
    assert (before.ui_locales, request.visitor.ui_locales, request.visitor.client_id) == ("", "fr", "ccrm")
    with pytest.raises(ValueError, match="colour"):
        request.learn(colour="blue")


def test_what_is_read_once_is_read_once_for_each_request() -> None:
    made: list[Request] = []

    def read(services: str, request: Request) -> int:
        made.append(request)
        return len(made)

    first, second = Request({"REQUEST_METHOD": "GET"}), Request({"REQUEST_METHOD": "GET"})
    assert [one.once(read, "services") for one in (first, first, second, first)] == [1, 1, 2, 1]
    first.read_as(read, 9)
    assert (first.once(read, "services"), second.once(read, "services")) == (9, 2)
