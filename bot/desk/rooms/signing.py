"""Reading and signing the policy: before the first page, and again whenever it changes (Harif: المسؤوليات)."""

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At
from bot.desk.room import Room
from conversations.arabic.normalise import fold
from conversations.association.policy_version import policy_version
from storage import policy
from storage.times import ms

room = Room("signing")


@room.get("/policy/sign", unsigned=True)
async def sign_page(at: At, error: str = "", status: int = 200) -> Response:
    """Every clause in the policy's own words, and the line to sign."""
    profile = at.association.profile
    signed = await at.read(policy.last_signed, at.slug, at.worker.id)
    version = policy_version(profile)
    return at.page(
        "signing/sign.html",
        error=error,
        status=status,
        policy=profile.policy,
        clauses=profile.clauses,
        version=version,
        before=None if signed is None or signed.version == version else signed.at,
        now_signed=signed.at if signed is not None and signed.version == version else None,
        typed=at.form.get("name"),
        agreed=bool(at.form.get("read")),
    )


@room.post("/policy/sign", unsigned=True)
async def sign(at: At) -> Response:
    version = policy_version(at.association.profile)
    if at.form.get("version") != version:
        return await sign_page(at, at.words("signing.changed"), 409)
    if not at.form.get("read"):
        return await sign_page(at, at.words("signing.unread"), 422)
    if fold(at.form.get("name")) != fold(at.worker.name):
        return await sign_page(at, at.words("signing.name", name=at.worker.name), 422)
    await at.write("policy.sign", f"policy:{version}", _sign, at, version)
    return at.back("/", said="policy_signed")


def _sign(connection: Connection, at: At, version: str) -> None:
    policy.sign(connection, at.slug, at.worker.id, version, ms(at.now))
