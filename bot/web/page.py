"""What every page shares: templates, words, headers, our own small static files."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.web.ports import Site
from conversations.association.association import Association
from conversations.wording import LANGUAGES, Wording, house_wording

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
LANGUAGE_COOKIE = "wasl_language"
YEAR = 365 * 24 * 3600

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "base-uri": "'none'",
    "form-action": "'self'",
}


class Words(Protocol):
    def __call__(self, key: str, /, **args: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class StaticFile:
    data: bytes
    media_type: str
    version: str
    """The beginning of the digest; in the address, so that a file can be cached for good."""


@cache
def static_files() -> Mapping[str, StaticFile]:
    return {
        path.name: StaticFile(path.read_bytes(), MEDIA_TYPES[path.suffix], _version(path))
        for folder in (_HERE / "static", _HERE.parent / "desk" / "static")
        for path in sorted(folder.iterdir())
        if path.suffix in MEDIA_TYPES
    }


def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    return f"/static/{name}?v={static_files()[name].version}"


async def static(request: Request) -> Response:
    """GET /static/{name}"""
    name = request.path_params["name"]
    file = static_files().get(name)
    if file is None:
        return Response("404", status_code=404, media_type="text/plain")
    current = request.query_params.get("v") == file.version
    return Response(
        file.data,
        media_type=file.media_type,
        headers={
            "Cache-Control": f"public, max-age={YEAR}, immutable" if current else "public, max-age=300",
            "X-Content-Type-Options": "nosniff",
            # Only the one script that other sites include may be read from there.
            "Cross-Origin-Resource-Policy": "cross-origin" if name == "embed.js" else "same-origin",
        },
    )


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["static"] = static_url
    return environment


def language_of(request: Request) -> str:
    """What was chosen on the page, else Arabic."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def keep_language(site: Site, request: Request, response: Response) -> None:
    """Remember the language that was chosen on this page, if one was."""
    if (language := request.query_params.get("lang")) in LANGUAGES:
        remember_language(site, request, response, str(language))


def remember_language(site: Site, request: Request, response: Response, language: str) -> None:
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, secure=is_secure(site, request), httponly=True)


def is_secure(site: Site, request: Request) -> bool:
    return site.https or request.url.scheme == "https"


def words_in(language: str, association: Association | None = None) -> Words:
    """The sentences of a page; an association's own words and its names come first."""
    if association is None:
        return house_wording(language)
    wording: Wording = association.wording[language]
    profile = association.profile
    names = {"association": profile.name.to(language), "short": profile.short_name.to(language)}
    return lambda key, /, **args: wording(key, **names, **args)


def headers(*, ancestors: str = "'none'", referrer: str = "same-origin", scripts: bool = False) -> dict[str, str]:
    """Of a page that is never cached, runs no script but ours, and is framed by nobody unless said."""
    policy = _POLICY | {"frame-ancestors": ancestors}
    if scripts:
        policy |= {"script-src": "'self'", "connect-src": "'self'", "media-src": "'self' blob:"}
    allowed = "microphone=(self), camera=(self), geolocation=(self)" if scripts else "microphone=(), geolocation=()"
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": referrer,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Permissions-Policy": allowed,
    }


def render(template: str, /, **values: Any) -> str:
    return _templates().get_template(template).render(values)


def page(
    template: str,
    *,
    language: str,
    words: Words,
    status: int = 200,
    more_headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A whole page. `more_headers` are those of `headers()` where the page needs others."""
    html = render(template, language=language, direction="rtl" if language == "ar" else "ltr", words=words, **values)
    return HTMLResponse(html, status, headers=dict(headers() if more_headers is None else more_headers))


def kind_page(what: str, *, language: str, status: int, association: Association | None = None) -> HTMLResponse:
    """A page that says in plain words what is the matter and where to go on: keys `web.<what>.title` and `.text`."""
    return page(
        "kind.html",
        language=language,
        words=words_in(language, association),
        status=status,
        what=what,
        slug=association.slug if association else "",
    )


def of_association(site: Site, request: Request) -> Association | None:
    return site.associations.get(request.path_params["association"])


def numerals(language: str) -> Callable[[object], str]:
    """Digits as this language's readers write them."""
    if language != "ar":
        return str
    table = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    return lambda value: str(value).translate(table)
