"""An OpenID Connect issuer of our own, on this machine: its pages, its keys, and what it may get wrong."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "wasl", "a secret: of theirs"


class Issuer:
    """`claims` are laid over what is true of the token, `key` signs it; `asked` is every request of ours."""

    def __init__(self, now: int) -> None:
        self.now, self.address = now, ""
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.published = [self.key]
        self.claims: dict[str, Any] = {}
        self.person = {"sub": "p-1", "email": "hind@harif.example", "email_verified": True}
        self.asked: list[str] = []
        self.sent: dict[str, dict[str, str]] = {}
        self.post_only = False
        self.broken = False

    def allow(self, address: str) -> str:
        """What a person does at the issuer: agrees. Returns the code, for the request at this address."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}" == self.address
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert given["client_id"] == CLIENT and given["response_type"] == "code" and "openid" in given["scope"]
        assert given["code_challenge_method"] == "S256"
        code = f"code-{len(self.sent)}"
        self.sent[code] = given
        return code

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        self.asked.append(path)
        if self.broken:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            about = {name: f"{self.address}/{name}" for name in ("authorize", "token", "jwks")}
            methods = ["client_secret_post"] if self.post_only else ["client_secret_basic", "client_secret_post"]
            return 200, {
                "issuer": self.address,
                "authorization_endpoint": about["authorize"],
                "token_endpoint": about["token"],
                "jwks_uri": about["jwks"],
                "token_endpoint_auth_methods_supported": methods,
            }
        if path == "/jwks":
            theirs = [key.as_dict(private=False) | {"use": "sig"} for key in self.published]
            return 200, {"keys": [*theirs, {"kty": "OKP", "crv": "X25519", "x": "AA", "use": "enc", "kid": "enc"}]}
        assert path == "/token"
        return self._token(headers, {name: values[0] for name, values in parse_qs(body.decode()).items()})

    def _token(self, headers: Any, form: dict[str, str]) -> tuple[int, Any]:
        request = self.sent.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(b"wasl:a%20secret%3A%20of%20theirs").decode()
        proven = (
            form.get("client_secret") == SECRET and form.get("client_id") == CLIENT
            if self.post_only
            else headers.get("Authorization") == basic
        )
        if request is None or not proven or form["redirect_uri"] != request["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == request["code_challenge"]
        true = {"iss": self.address, "aud": CLIENT, "iat": self.now, "exp": self.now + 300, "nonce": request["nonce"]}
        claims = true | self.person | self.claims
        token = jwt.encode(
            {"alg": "RS256", "kid": self.key.kid}, {k: v for k, v in claims.items() if v != ""}, self.key
        )
        return 200, {"id_token": token, "access_token": "unused", "token_type": "Bearer"}


@contextmanager
def serving(issuer: Issuer) -> Iterator[Issuer]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            status, found = issuer.answer(self.path, self.headers, body)
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        request_queue_size = 32

    with Server(("127.0.0.1", 0), Pages) as server:
        issuer.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield issuer
        server.shutdown()
