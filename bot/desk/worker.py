"""Who stands at the desk: one member of one association, with the rights of all their roles."""

from dataclasses import dataclass

from conversations.association.profile import Profile
from conversations.rights import kinds_seen_by, rights_of
from conversations.routing import services_of
from storage.staff import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """`token` is the sign-in's own; `key` is derived from it and stands in every form."""

    id: int
    name: str
    language: str
    association: str
    roles: frozenset[str]
    categories: frozenset[str]
    services: frozenset[str]
    """Of a contact officer, those of their categories and fields; all where they have none."""
    branch: str
    woman: bool
    rights: frozenset[str]
    kinds: frozenset[str]
    """Of case, that they may see."""
    sign_in: int
    key: str

    @property
    def who(self) -> str:
        """As the audit and a case's moves name them."""
        return f"staff:{self.id}"

    def may(self, right: str) -> bool:
        return right in self.rights


def worker_of(profile: Profile, member: Member, name: str, language: str, sign_in: int = 0, key: str = "") -> Worker:
    """`profile`: of the association they are a member of."""
    return Worker(
        id=member.staff,
        name=name,
        language=language,
        association=member.association,
        roles=member.roles,
        categories=member.categories,
        services=services_of(profile, member.categories),
        branch=member.branch,
        woman=member.woman,
        rights=rights_of(member.roles),
        kinds=kinds_seen_by(member.roles),
        sign_in=sign_in,
        key=key,
    )
