"""Single sign-on by OpenID Connect: the authorization code flow with PKCE, state and nonce, and what the issuer says of
a person, believed only when its signature, issuer, audience, time and nonce are right.

Source: OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE); RFC 8725 (which algorithms).
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from storage.vault import Vault, VaultError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

LASTS = 600
"""Seconds from the button to the return."""
KNOWN_FOR = 3600.0
AGAIN_AFTER = 60.0
"""Seconds for which the issuer's pages are believed; and after which a key nobody knows is looked for again."""
LEEWAY = 60
"""Seconds by which two clocks may differ."""
LARGEST = 256 * 1024
ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "RS512", "ES384"]
"""Asymmetric ones alone: nobody who knows our secret can sign for the issuer."""
_PLACE = b"desk.sso"


class NotSignedOn(Exception):
    """Not signed in. `why` is a code for the log and the audit, never what was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Said(NamedTuple):
    """What the issuer says. `subject` names a person for good: the issuer and its own name of them."""

    subject: str
    email: str
    """Empty unless the issuer has verified it."""
    next: str


class Begun(msgspec.Struct):
    """What is kept, sealed, in the browser from the button to the return."""

    state: str
    nonce: str
    verifier: str
    next: str
    until: int


class SingleSignOn:
    """`name`: what the button calls it."""

    def __init__(self, vault: Vault, issuer: str, client_id: str, client_secret: str, name: str = "") -> None:
        self.vault, self.issuer, self.name = vault, issuer.rstrip("/"), name
        self.client_id, self.client_secret = client_id, client_secret
        self._about: Mapping[str, Any] = {}
        self._keys: KeySet | None = None
        self._about_at = self._keys_at = 0.0

    async def begin(self, back: str, next: str, now: float) -> tuple[str, str]:
        """Where to send the browser, and what to keep in it. Raises NotSignedOn."""
        about = await self._issuer_says()
        begun = Begun(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=next,
            until=int(now) + LASTS,
        )
        challenge = _base64(hashlib.sha256(begun.verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": back,
            "scope": "openid email",
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = str(about["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", self._seal(begun)

    async def finish(self, returned: Mapping[str, str], kept: str, back: str, now: float) -> Said:
        """The browser is back with `returned`; `kept` is what was kept in it. Raises NotSignedOn."""
        begun = self._open(kept)
        if begun is None or begun.until < now:
            raise NotSignedOn("over")
        if not hmac.compare_digest(returned.get("state", "").encode(), begun.state.encode()):
            raise NotSignedOn("state")
        if returned.get("error"):
            raise NotSignedOn("denied")
        if not returned.get("code"):
            raise NotSignedOn("code")
        token = await self._exchange(returned["code"], begun.verifier, back)
        claims = await self._claims(token)
        self._check(claims, begun.nonce, now)
        verified = claims.get("email_verified") is True
        email = claims.get("email") if verified else ""
        return Said(f"{claims['iss']} {claims['sub']}", email if isinstance(email, str) else "", begun.next)

    # --- what is believed --------------------------------------------------------------------------------------------

    async def _claims(self, token: str) -> Mapping[str, Any]:
        """What a token says, its signature right."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        for again in (False, True):
            try:
                return jwt.decode(token, await self._key_set(again), algorithms=ALGORITHMS).claims
            except InvalidKeyIdError:  # the issuer may have changed its keys since we looked
                continue
            except (JoseError, ValueError) as error:
                raise NotSignedOn("signature") from error
        raise NotSignedOn("key")

    def _check(self, claims: Mapping[str, Any], nonce: str, now: float) -> None:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires, issued = claims.get("exp"), claims.get("iat")
        if claims.get("iss") != self._about["issuer"]:
            raise NotSignedOn("issuer")
        if self.client_id not in audiences or (len(audiences) > 1 and claims.get("azp") != self.client_id):
            raise NotSignedOn("audience")
        if not isinstance(expires, int | float) or expires + LEEWAY < now:
            raise NotSignedOn("expired")
        if not isinstance(issued, int | float) or issued - LEEWAY > now:
            raise NotSignedOn("early")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotSignedOn("nonce")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise NotSignedOn("subject")

    # --- what is asked of the issuer ---------------------------------------------------------------------------------

    async def _issuer_says(self) -> Mapping[str, Any]:
        if not self._about or time.monotonic() - self._about_at > KNOWN_FOR:
            about = await self._ask("GET", f"{self.issuer}/.well-known/openid-configuration")
            if str(about.get("issuer", "")).rstrip("/") != self.issuer:
                raise NotSignedOn("issuer")
            if any(not isinstance(about.get(f"{one}"), str) for one in _PAGES):
                raise NotSignedOn("issuer")
            self._about, self._about_at = about, time.monotonic()
        return self._about

    async def _key_set(self, again: bool) -> "KeySet":
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        age = time.monotonic() - self._keys_at
        if self._keys is None or age > (AGAIN_AFTER if again else KNOWN_FOR):
            found = await self._ask("GET", str((await self._issuer_says())["jwks_uri"]))
            listed = found.get("keys")
            ours = [
                key
                for key in (listed if isinstance(listed, list) else [])
                if isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"
            ]
            try:
                self._keys = KeySet.import_key_set({"keys": ours})
            except (JoseError, ValueError) as error:
                raise NotSignedOn("keys") from error
            self._keys_at = time.monotonic()
        return self._keys

    async def _exchange(self, code: str, verifier: str, back: str) -> str:
        about = await self._issuer_says()
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if "client_secret_basic" in about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": self.client_id, "client_secret": self.client_secret}
        answer = await self._ask("POST", str(about["token_endpoint"]), urlencode(fields).encode(), headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotSignedOn("token")
        return token

    async def _ask(
        self, method: str, url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        from bot.channels.http import Http, NotAnswered, NotSent, TooBig

        http = Http(answer=10)
        try:
            given = {"Accept": "application/json", **(headers or {})}
            status, body = await http.ask(method, url, data=data, headers=given, at_most=LARGEST)
        except (NotSent, NotAnswered, TooBig) as error:
            raise NotSignedOn("away") from error
        finally:
            await http.close()
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if status != 200 or not isinstance(found, dict):
            raise NotSignedOn("away" if status >= 500 else "answer")
        return found

    def _seal(self, begun: Begun) -> str:
        return _base64(self.vault.seal(msgspec.msgpack.encode(begun), _PLACE))

    def _open(self, kept: str) -> Begun | None:
        try:
            return msgspec.msgpack.decode(self.vault.open(_bytes(kept), _PLACE), type=Begun)
        except (VaultError, ValueError, msgspec.DecodeError):
            return None


_PAGES = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
