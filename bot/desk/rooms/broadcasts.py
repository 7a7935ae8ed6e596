"""Broadcasts: written on one page, looked at as each channel will show them, tried on oneself, counted, and only then
sent; held and stopped while they run; and what became of each person.

Source: H خ-3 (announce changed information), T general goal (a known, consenting person hears of services that fit).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.asking import acts, draft, lists, looks, sending, trying, whom
from bot.desk.asking.draft import Draft
from bot.desk.at import At, NotFound, Refused
from bot.desk.room import Room
from bot.desk.sight import cases_seen_by, conversations_seen_by
from bot.desk.whole import whole
from bot.web.body import Upload
from bot.web.lines import MEDIA_TYPES
from storage import broadcasts, files, staff, templates, waves
from storage.times import ms
from storage.waves import Body, Wave

room = Room("broadcasts", nav="/broadcasts", right="broadcasts.see")
PAGE = 30
KIND = acts.BROADCAST


# --- the list --------------------------------------------------------------------------------------------------------


@room.get("/broadcasts")
async def every(at: At) -> Response:
    before = at.query("before")

    def read(connection: Connection) -> tuple[list[Wave], dict[int, str], dict[int, str]]:
        rows = waves.listed(connection, at.slug, KIND, PAGE, whole(before) or 0)
        bodies = {one.id: waves.body_of(connection, at.desk.vault, at.slug, one.id) for one in rows}
        names = staff.names(connection, at.desk.vault, {one.by for one in rows if one.by})
        return rows, {id: body.title for id, body in bodies.items() if body}, names

    rows, titles, names = await at.read(read)
    return at.page(
        "broadcasts/broadcasts.html",
        rows=rows,
        titles=titles,
        names=names,
        ready=draft.READY,
        ms=ms,
        more=rows[-1].at if len(rows) == PAGE else 0,
    )


# --- writing one -----------------------------------------------------------------------------------------------------


@room.get("/broadcasts/new", "broadcasts.write")
async def new(at: At) -> Response:
    ready = at.query("ready")
    return await _compose(at, draft.blank(at, ready if ready in draft.READY else draft.OWN))


@room.get("/broadcasts/{wave}/change", "broadcasts.write")
async def change(at: At) -> Response:
    wave, body = await at.read(_load, at)
    if wave.state != waves.DRAFTED:
        raise Refused(f"asking.stale.{wave.state}")
    return await _compose(at, draft.of_wave(wave, body), wave=wave, listed=body.listed)


async def _compose(
    at: At,
    one: Draft,
    *,
    wrong: list[tuple[str, str]] | None = None,
    wave: Wave | None = None,
    listed: int = 0,
    status: int = 200,
    known: whom.Sides | None = None,
) -> Response:
    return at.page(
        "broadcasts/compose.html",
        status=status,
        error=at.words("broadcasts.wrong.some", count=len(wrong)) if wrong else "",
        draft=one,
        wrong=wrong or [],
        wave=wave,
        listed=listed,
        sides=known or await at.read(whom.sides, at),
        buttons=[(id, at.association.wording[at.language](f"option.{id.lstrip('/')}")) for id in looks.BUTTONS],
        titles={"title": draft.TITLE, "text": draft.TEXT},
        choices=draft.CHOICES,
        most_rows=lists.MOST,
        approve_above=at.association.profile.broadcasts.approve_above,
    )


@room.post("/broadcasts/new", "broadcasts.write", files=2)
async def create(at: At) -> Response:
    return await _save(at, None, None)


@room.post("/broadcasts/{wave}/change", "broadcasts.write", files=2)
async def save(at: At) -> Response:
    wave, body = await at.read(_load, at)
    return await _save(at, wave, body)


async def _save(at: At, wave: Wave | None, body: Body | None) -> Response:
    """Everything that is wrong is named at once, with what was typed; nothing is kept before all of it is right."""
    one = draft.of_form(at, draft.of_wave(wave, body) if wave and body else None)
    known = await at.read(whom.sides, at)
    wrong = list(draft.wrong(at, one, known))
    listed, file = None, None
    if one.whom == draft.LISTED:
        sent = [upload for upload in at.form.uploads("list") if upload.data or upload.name]
        try:
            listed = await asyncio.to_thread(lists.read, sent[0].data, _prefix(at)) if sent else None
        except lists.Unreadable as error:
            wrong.append(("list", at.words(f"broadcasts.list.{error}", most=lists.MOST)))
        if not sent and not (body and body.listed):
            wrong.append(("list", at.words("broadcasts.wrong.list")))
    if not wrong:
        try:
            file = await _file(at)
        except Refused as error:
            wrong.append(("file", at.words(error.words, **error.facts)))
    if wrong:
        named = {name for name, _ in wrong}
        wrong += [(name, at.words("broadcasts.wrong.again")) for name in _chosen(at) if name not in named]
        before = body.listed if body else 0
        return await _compose(at, one, wrong=wrong, wave=wave, listed=before, status=422, known=known)
    try:
        id = await at.write("", "", sending.keep, at, one, listed, file)
    except BaseException:
        if file is not None:
            await asyncio.to_thread(at.desk.blobs.delete, at.slug, file.id)
        raise
    if listed is not None:
        return await _show(at, id, given=listed.given)
    return at.back(f"/broadcasts/{id}", "broadcast_kept")


def _prefix(at: At) -> str:
    return at.association.profile.reference_prefix


def _chosen(at: At) -> list[str]:
    """The fields whose file was sent: a browser never gives it back with the page."""
    return [name for name in ("file", "list") if any(one.data or one.name for one in at.form.uploads(name))]


async def _file(at: At) -> files.File | None:
    sent: list[Upload] = [upload for upload in at.form.uploads("file") if upload.data or upload.name]
    return await sending.keep_file(at, sent[0]) if sent else None


# --- one of them -----------------------------------------------------------------------------------------------------


def _load(connection: Connection, at: At, id: int = 0) -> tuple[Wave, Body]:
    """Raises NotFound."""
    wave = waves.get(connection, at.slug, id or at.number("wave"))
    body = waves.body_of(connection, at.desk.vault, at.slug, wave.id) if wave and wave.kind == KIND else None
    if wave is None or body is None:
        raise NotFound
    return wave, body


@room.get("/broadcasts/{wave}")
async def broadcast(at: At) -> Response:
    return await _show(at, at.number("wave"))


async def _show(
    at: At, id: int, *, given: dict[int, str] | None = None, error: str = "", status: int = 200
) -> Response:
    """`given`: what the rows of a list that was just uploaded say."""

    def read(connection: Connection) -> dict[str, Any]:
        wave, body = _load(connection, at, id)
        counts = waves.counts(connection, at.slug, id)
        found: dict[str, Any] = {
            "wave": wave,
            "body": body,
            "counts": counts,
            "counted": sending.noted(connection, wave, body),
            "names": staff.names(connection, at.desk.vault, {one for one in (wave.by, wave.approved_by) if one}),
        }
        if wave.state == waves.DRAFTED:
            found["kept"] = templates.load(connection, at.slug)
            found["telegram"] = staff.has_telegram(connection, at.worker.id)
        else:
            found["outcomes"] = broadcasts.outcomes(connection, at.slug, id)
            found["replies"] = broadcasts.replies(connection, at.slug, id)
        return found

    found = await at.read(read)
    wave, body = found["wave"], found["body"]
    common = {
        **found,
        "error": error,
        "status": status,
        "given": given or {},
        "now_ms": ms(at.now),
        "draft": draft.of_wave(wave, body),
        "sides": await at.read(whom.sides, at),
        "bill": sending.bill(at, found["counted"].channels, lambda channel: looks.messages_of(at, body, channel)),
        "goes": sending.goes_at(at, wave),
        "money": sending.money(at),
    }
    if wave.state != waves.DRAFTED:
        return at.page(
            "broadcasts/running.html",
            tally=_tally(found["outcomes"], wave.state in (waves.ABORTED, waves.DONE)),
            **common,
        )
    return at.page(
        "broadcasts/draft.html",
        looks=[
            (language, looks.looks(at, body, language, found["kept"]))
            for language in ("ar", "en")
            if body.text.get(language)
        ],
        second=sending.needs_second(at, found["counted"].people),
        approve_above=at.association.profile.broadcasts.approve_above,
        mark=sending.mark(wave, body),
        **common,
    )


def _tally(outcomes: list[broadcasts.Outcome], over: bool) -> dict[str, dict[str, int]]:
    """People by channel, then by what became of it."""
    found: dict[str, dict[str, int]] = {}
    for one in outcomes:
        mine = found.setdefault(one.channel, {})
        name = broadcasts.outcome_of(one.state, one.told, over)
        mine[name] = mine.get(name, 0) + one.people
    return found


@room.get("/broadcasts/{wave}/file")
async def file(at: At) -> Response:
    """Its picture or document, as it is kept."""
    _, body = await at.read(_load, at)
    kept = await at.read(files.get, at.desk.vault, at.slug, int(body.file)) if body.file.isdecimal() else None
    if kept is None:
        raise NotFound
    data = await at.bytes_of(kept.id)
    return at.file(kept.name, MEDIA_TYPES.get(kept.kind, "application/octet-stream"), data, inline=True)


@room.get("/broadcasts/{wave}/people")
async def people(at: At) -> Response:
    """What became of each person, by channel and reference; no name is needed for that."""
    wave, body = await at.read(_load, at)
    after, replied = at.query("after"), at.query("replied") == "1"

    def read(connection: Connection) -> list[broadcasts.Reached]:
        return broadcasts.people(
            connection,
            at.slug,
            wave.id,
            conversations_seen_by(at.worker),
            cases_seen_by(at.worker),
            whole(after) or 0,
            replied,
        )

    rows = await at.read(read)
    await at.saw(f"wave:{wave.id}", "people")
    return at.page(
        "broadcasts/people.html",
        wave=wave,
        body=body,
        rows=rows,
        replied=replied,
        outcome=lambda one: broadcasts.outcome_of(one.state, one.told, wave.state in (waves.ABORTED, waves.DONE)),
        more=rows[-1].conversation if len(rows) == broadcasts.PAGE else 0,
    )


# --- trying, going, holding, stopping --------------------------------------------------------------------------------


@room.post("/broadcasts/{wave}/test", "broadcasts.write")
async def test(at: At) -> Response:
    wave, body = await at.read(_load, at)
    try:
        said = await trying.test(at, wave, body)
    except Refused as error:
        return await _show(at, wave.id, error=at.words(error.words, **error.facts), status=422)
    return at.back(f"/broadcasts/{wave.id}#test", said)


@room.post("/broadcasts/{wave}/confirm", "broadcasts.write")
async def confirm(at: At) -> Response:
    await at.write("broadcast.confirm", acts.subject(at), sending.confirm, at, KIND)
    return at.back(f"/broadcasts/{at.number('wave')}", "broadcast_confirmed")


@room.post("/broadcasts/{wave}/recount", "broadcasts.write")
async def recount(at: At) -> Response:
    await at.write("broadcast.count", acts.subject(at), sending.recount, at, KIND)
    return at.back(f"/broadcasts/{at.number('wave')}", "broadcast_counted")


@room.post("/broadcasts/{wave}/go", "broadcasts.write")
async def go(at: At) -> Response:
    id = at.number("wave")
    await at.read(_load, at)
    if at.form.get("looked") != "yes":
        return await _show(at, id, error=at.words("broadcasts.look_first"), status=422)
    return await _decided(at, sending.go)


@room.post("/broadcasts/{wave}/approve", "broadcasts.approve")
async def approve(at: At) -> Response:
    await at.read(_load, at)
    return await _decided(at, sending.approve)


async def _decided(at: At, act: Callable[[Connection, At], str]) -> Response:
    """It goes, or the page says why not: with the number as it is now."""
    id = at.number("wave")
    try:
        done = await at.write("", "", act, at)
    except Refused as error:
        if error.words == sending.CHANGED:
            await at.keep(sending.recount, at, KIND)
        return await _show(at, id, error=at.words(error.words, **error.facts), status=409)
    return at.back(f"/broadcasts/{id}", f"broadcast_{done}")


@room.post("/broadcasts/{wave}/pause", "broadcasts.write")
async def pause(at: At) -> Response:
    await at.write("broadcast.pause", acts.subject(at), acts.pause, at, KIND)
    return at.back(f"/broadcasts/{at.number('wave')}", "wave_paused")


@room.post("/broadcasts/{wave}/resume", "broadcasts.write")
async def resume(at: At) -> Response:
    await at.write("broadcast.resume", acts.subject(at), acts.resume, at, KIND)
    return at.back(f"/broadcasts/{at.number('wave')}", "wave_resumed")


@room.post("/broadcasts/{wave}/abort", "broadcasts.write")
async def abort(at: At) -> Response:
    """For good, and said to be meant."""
    if at.form.get("sure") != "yes":
        return await _show(at, at.number("wave"), error=at.words("asking.sure_missing"), status=422)
    await at.write("broadcast.abort", acts.subject(at), acts.abort, at, KIND)
    return at.back(f"/broadcasts/{at.number('wave')}", "wave_aborted")
