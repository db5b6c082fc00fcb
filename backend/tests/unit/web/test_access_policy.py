"""Who may call, decided by headers alone."""

import pytest

from app.access.policy import AccessPolicy, check_bind, is_loopback, shows_key
from app.config import Settings
from app.domain.errors import InvalidInputError


def a_policy(**changes):
    return AccessPolicy.of(Settings(**changes))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_this_machine_is_loopback(host):
    assert is_loopback(host)
    check_bind(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "", "127.0.0.1.example"])
def test_anything_else_is_not(host):
    assert not is_loopback(host)
    with pytest.raises(InvalidInputError, match="CONCLAVE_API_KEY"):
        check_bind(Settings(host=host))
    check_bind(Settings(host=host, api_key="k"))


def test_a_wildcard_address_is_no_name_to_call():
    assert a_policy(host="0.0.0.0", api_key="k").refusal([(b"host", b"0.0.0.0")]).reason == "host"


def test_an_operator_may_allow_every_host_and_origin():
    policy = a_policy(allowed_hosts="*", allowed_origins="*")

    assert policy.refusal([(b"host", b"any.example"), (b"origin", b"https://any.example")]) is None


def test_every_origin_header_counts():
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"origin", b"https://evil.example")]

    assert a_policy().refusal(headers).reason == "origin"


def test_two_authorizations_are_none():
    shown = (b"authorization", b"Bearer k")

    assert a_policy(api_key="k").key_refusal([shown]) is None
    assert a_policy(api_key="k").key_refusal([shown, shown]).reason == "key"
    assert shows_key([shown])


def test_without_a_key_nothing_is_the_key():
    assert not a_policy().is_key("")
    assert a_policy().key_refusal([]) is None
