"""A room of the desk: its pages, each with the right it asks for. What is not in a room's table is not served."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from starlette.responses import Response

if TYPE_CHECKING:
    from bot.desk.at import At

Handler = Callable[["At"], Awaitable[Response]]
H = TypeVar("H", bound=Callable[..., Awaitable[Response]])
"""A handler that may be given more than `At` by others, with defaults: the page again, with what was wrong."""

ANYONE = ""
"""The right of pages that need a sign-in and the signed policy, and no more."""


@dataclass(frozen=True, slots=True)
class Page:
    method: str
    path: str
    """Below /desk/{association}, with Starlette's parameters."""
    right: str
    handle: Handler
    name: str
    unsigned: bool = False
    """May be seen before the policy is signed."""
    files: int = 0
    """How many files a form may bring."""


@dataclass(slots=True)
class Room:
    """`nav`: the path its door in the navigation leads to; empty where it has none. `title` is `nav.<name>`."""

    name: str
    nav: str = ""
    right: str = ANYONE
    pages: list[Page] = field(default_factory=list)

    def get(self, path: str, right: str | None = None, *, unsigned: bool = False) -> Callable[[H], H]:
        return self._add("GET", path, right, unsigned, 0)

    def post(self, path: str, right: str | None = None, *, unsigned: bool = False, files: int = 0) -> Callable[[H], H]:
        """A form: its key, its origin and that it comes for the first time are checked before the handler runs."""
        return self._add("POST", path, right, unsigned, files)

    def _add(self, method: str, path: str, right: str | None, unsigned: bool, files: int) -> Callable[[H], H]:
        def keep(handle: H) -> H:
            asked = self.right if right is None else right
            name = getattr(handle, "__name__", self.name)
            self.pages.append(Page(method, path, asked, handle, f"{self.name}.{name}", unsigned, files))
            return handle

        return keep
