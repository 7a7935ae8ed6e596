"""Single sign-on against an issuer on this machine: who comes in, and every way in which it is not believed."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from bot.desk.desk import COOKIE
from bot.desk.door import oidc
from bot.desk.door.front import SSO_COOKIE
from bot.desk.door.oidc import SingleSignOn
from storage import sign_ins, staff
from storage.schema_desk import HOUSE
from storage.times import DAY, ms
from tests.desk.house import House, words_of
from tests.desk.issuer import CLIENT, SECRET, Issuer, serving
from tests.desk.visitor import LOGIN, PASSWORD, Visitor, with_totp


@pytest.fixture
def issuer(house: House) -> Iterator[Issuer]:
    with serving(Issuer(int(house.now.timestamp()))) as made:
        house.desk.sso = SingleSignOn(house.vault, made.address, CLIENT, SECRET, "حساب حارف")
        yield made


def sign_on(visitor: Visitor, issuer: Issuer, next: str = "") -> Any:
    begun = visitor.get(f"/desk/sign-in/sso?next={next}")
    assert begun.status_code == 303
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    code = issuer.allow(begun.headers["location"])
    back = urlsplit(asked["redirect_uri"][0])
    assert back.path == "/desk/sign-in/sso/back"
    return visitor.get(f"{back.path}?code={code}&state={asked['state'][0]}")


def refusals(house: House) -> list[str]:
    return [detail for _, act, _, detail in house.acts(HOUSE) if act == "sign_in.sso_refused"]


# --- who comes in ----------------------------------------------------------------------------------------------------


def test_the_button_is_there_where_it_is_set_up(house: House, issuer: Issuer) -> None:
    assert "حساب حارف" in Visitor(house).get("/desk/sign-in").text
    house.desk.sso = None
    assert "/sign-in/sso" not in Visitor(house).get("/desk/sign-in").text
    assert Visitor(house).get("/desk/sign-in/sso").status_code == 404
    assert Visitor(house).get("/desk/sign-in/sso/back").status_code == 404


def test_an_account_is_found_by_its_verified_e_mail_at_first_and_by_its_subject_afterwards(
    house: House, hind: int, issuer: Issuer
) -> None:
    visitor = Visitor(house)
    answer = sign_on(visitor, issuer, "/desk/harif/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/harif/account")
    assert visitor.is_in
    assert [one.way for one in house.ask(sign_ins.of, hind, ms(house.now), DAY)] == ["sso"]
    issuer.person = {"sub": "p-1", "email": "married@harif.example", "email_verified": False}
    assert sign_on(Visitor(house), issuer).status_code == 303, "the subject is the same, whatever the e-mail"
    assert (f"staff:{hind}", "sign_in.sso_bound", "", "") in house.acts()


def test_the_cookie_of_the_way_there_is_short_and_is_taken_away(house: House, hind: int, issuer: Issuer) -> None:
    visitor = Visitor(house)
    begun = visitor.get("/desk/sign-in/sso")
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith(SSO_COOKIE) and "HttpOnly" in cookie and "Max-Age=600" in cookie
    sign_on(visitor, issuer)
    assert SSO_COOKIE not in visitor.client.cookies


def test_an_issuer_that_takes_the_secret_in_the_form_alone_gets_it_there(
    house: House, hind: int, issuer: Issuer
) -> None:
    issuer.post_only = True
    assert sign_on(Visitor(house), issuer).status_code == 303


def test_whoever_works_here_for_nobody_gets_a_kind_page(house: House, hind: int, issuer: Issuer) -> None:
    issuer.person |= {"sub": "p-2", "email": "stranger@harif.example"}
    visitor = Visitor(house)
    answer = sign_on(visitor, issuer)
    assert answer.status_code == 403 and "لا نعرف هذا الحساب بعد" in words_of(answer.text)
    assert not visitor.is_in and refusals(house) == ["unknown"]


@pytest.mark.parametrize("verified", [False, "true", "", 1])
def test_an_e_mail_that_the_issuer_has_not_verified_binds_nothing(
    house: House, hind: int, issuer: Issuer, verified: object
) -> None:
    issuer.person["email_verified"] = verified
    assert sign_on(Visitor(house), issuer).status_code == 403
    assert not house.ask(staff.by_id, house.vault, hind).has_subject


def test_another_subject_with_the_same_e_mail_is_not_the_same_person(house: House, hind: int, issuer: Issuer) -> None:
    sign_on(Visitor(house), issuer)
    issuer.person["sub"] = "p-9"
    assert sign_on(Visitor(house), issuer).status_code == 403


def test_a_closed_account_stays_closed(house: House, hind: int, issuer: Issuer) -> None:
    sign_on(Visitor(house), issuer)
    house.do(lambda c: staff.change(c, hind, disabled_at=ms(house.now)))
    assert sign_on(Visitor(house), issuer).status_code == 403


def test_the_issuer_answers_for_the_second_factor(house: House, hind: int, issuer: Issuer) -> None:
    with_totp(house, hind)
    assert sign_on(Visitor(house), issuer).status_code == 303


def test_passwords_go_on_beside_it(house: House, hind: int, issuer: Issuer) -> None:
    assert Visitor(house).sign_in(PASSWORD, LOGIN).status_code == 303


def test_nobody_is_sent_out_of_the_desk(house: House, hind: int, issuer: Issuer) -> None:
    assert sign_on(Visitor(house), issuer, "https://evil.example").headers["location"] == "/desk"


# --- what is not believed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"aud": "somebody-else"}, "audience"),
        ({"aud": [CLIENT, "somebody-else"]}, "audience"),
        ({"aud": ""}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": 1}, "expired"),
        ({"exp": ""}, "expired"),
        ({"iat": 4_000_000_000}, "early"),
        ({"sub": ""}, "subject"),
    ],
)
def test_a_token_that_is_not_for_us_now_is_not_believed(
    house: House, hind: int, issuer: Issuer, claims: dict[str, Any], why: str
) -> None:
    issuer.claims = claims
    visitor = Visitor(house)
    answer = sign_on(visitor, issuer)
    assert answer.status_code == 403 and COOKIE not in visitor.client.cookies
    assert refusals(house) == [why]


def test_a_token_for_several_that_was_given_to_us_is_believed(house: House, hind: int, issuer: Issuer) -> None:
    issuer.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert sign_on(Visitor(house), issuer).status_code == 303


def test_a_token_that_another_key_signed_is_not_believed(house: House, hind: int, issuer: Issuer) -> None:
    issuer.key = RSAKey.generate_key(2048, parameters={"kid": "one"})
    assert sign_on(Visitor(house), issuer).status_code == 403
    issuer.key = RSAKey.generate_key(2048, parameters={"kid": "nobody's"})
    assert sign_on(Visitor(house), issuer).status_code == 403
    assert refusals(house) == ["signature", "key"]


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256", "kid": "one"}])
def test_a_token_without_the_issuers_signature_is_not_believed(
    house: House, hind: int, issuer: Issuer, header: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`none`, and our own secret in place of a key."""
    key, encode = OctKey.import_key(SECRET.ljust(32, "x")), jwt.encode

    def forged(_: Any, claims: dict[str, Any], __: Any) -> str:
        return encode(header, claims, key, algorithms=[header["alg"]])

    monkeypatch.setattr("tests.desk.issuer.jwt.encode", forged)
    assert sign_on(Visitor(house), issuer).status_code == 403
    assert len(refusals(house)) == 1 and refusals(house)[0] in ("signature", "key")


def test_a_key_that_the_issuer_took_into_use_is_looked_for(
    house: House, hind: int, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_on(Visitor(house), issuer)
    issuer.key = RSAKey.generate_key(2048, parameters={"kid": "two"})
    issuer.published.append(issuer.key)
    assert sign_on(Visitor(house), issuer).status_code == 403, "not more often than once a minute"
    later = time.monotonic() + oidc.AGAIN_AFTER + 1
    monkeypatch.setattr("bot.desk.door.oidc.time.monotonic", lambda: later)
    assert sign_on(Visitor(house), issuer).status_code == 303
    assert issuer.asked.count("/.well-known/openid-configuration") == 1


def test_a_return_that_this_browser_did_not_begin_is_refused(house: House, hind: int, issuer: Issuer) -> None:
    """Somebody else's code behind a link (the cross-site request forgery of signing in)."""
    theirs, victim = Visitor(house), Visitor(house, "203.0.113.8")
    begun = theirs.get("/desk/sign-in/sso")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    link = f"/desk/sign-in/sso/back?code={issuer.allow(begun.headers['location'])}&state={asked['state'][0]}"
    assert victim.get(link).status_code == 403
    victim.get("/desk/sign-in/sso")
    assert victim.get(link).status_code == 403
    assert refusals(house) == ["over", "state"]
    assert "/token" not in issuer.asked


def test_a_way_that_took_too_long_starts_again(house: House, hind: int, issuer: Issuer) -> None:
    visitor = Visitor(house)
    begun = visitor.get("/desk/sign-in/sso")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    code = issuer.allow(begun.headers["location"])
    house.later(minutes=11)
    assert visitor.get(f"/desk/sign-in/sso/back?code={code}&state={asked['state'][0]}").status_code == 403
    assert refusals(house) == ["over"]


def test_a_code_works_once(house: House, hind: int, issuer: Issuer) -> None:
    visitor = Visitor(house)
    begun = visitor.get("/desk/sign-in/sso")
    kept = visitor.client.cookies[SSO_COOKIE]
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    link = f"/desk/sign-in/sso/back?code={issuer.allow(begun.headers['location'])}&state={asked['state'][0]}"
    assert visitor.get(link).status_code == 303
    again = Visitor(house, "203.0.113.8")
    again.client.cookies.set(SSO_COOKIE, kept, path="/desk/sign-in")
    assert again.get(link).status_code == 403


def test_whoever_says_no_at_the_issuer_is_back_at_the_door(house: House, issuer: Issuer) -> None:
    visitor = Visitor(house)
    begun = visitor.get("/desk/sign-in/sso")
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    answer = visitor.get(f"/desk/sign-in/sso/back?error=access_denied&state={state}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")


def test_an_issuer_that_does_not_answer_is_said_so(house: House, issuer: Issuer) -> None:
    issuer.broken = True
    answer = Visitor(house).get("/desk/sign-in/sso")
    assert answer.status_code == 503 and "لا تجيب الآن" in words_of(answer.text)


def test_an_issuer_that_calls_itself_otherwise_is_not_believed(house: House, issuer: Issuer) -> None:
    assert house.desk.sso is not None
    house.desk.sso.issuer = issuer.address.replace("127.0.0.1", "localhost")
    assert Visitor(house).get("/desk/sign-in/sso").status_code == 403
    assert refusals(house) == ["issuer"]


def test_no_secret_and_no_code_is_written_down(
    house: House, hind: int, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    issuer.claims = {"nonce": "another"}
    sign_on(Visitor(house), issuer)
    ours = " ".join(f"{one.getMessage()} {one.__dict__.get('facts')}" for one in caplog.records if one.name == "wasl")
    assert "sso_refused" in ours
    assert SECRET not in ours and "code-0" not in ours and LOGIN not in ours
