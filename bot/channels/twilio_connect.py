"""The logic of `wasl twilio connect`: looks at the account and the sender, sets webhooks where Twilio's API allows it,
and says in plain words what it found and what is left to do by hand."""

from dataclasses import dataclass
from typing import Any

from bot.channels.http import Http, NotAnswered, NotSent
from bot.channels.twilio_channel import RETRIES, TWILIO, webhook_url
from bot.channels.twilio_inbound import PREFIX

SANDBOX = "+14155238886"
"""The number of Twilio's WhatsApp sandbox, the same for every account. Its webhooks are set in the console alone."""
_SANDBOX_PAGE = "console.twilio.com > Messaging > Try it out > Send a WhatsApp message > Sandbox settings"
_SENDER_PAGE = "console.twilio.com > Messaging > Senders > WhatsApp senders"
_NAMES_PAGE = "console.twilio.com > Messaging > Senders > Alphanumeric sender IDs"
_READY = ("ONLINE", "ONLINE:UPDATING")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for the operator; `fine` is false where something is left to do."""

    fine: bool
    text: str


async def connect(
    http: Http,
    association: str,
    account_sid: str,
    auth_token: str,
    sender: str,
    public_url: str,
    api_url: str = TWILIO,
    change: bool = True,
    sms: str = "",
) -> list[Finding]:
    """`sender` of WhatsApp and `sms`, whichever there are. With `change` false it only looks. Never raises for what
    Twilio answers."""
    from twilio.base.exceptions import TwilioRestException

    from bot.channels.twilio_client import make_client

    public_url, number = public_url.rstrip("/"), sender.removeprefix(PREFIX)
    hooks = {
        "callback_url": webhook_url(public_url, association, "message") + RETRIES,
        "status_callback_url": webhook_url(public_url, association, "status") + RETRIES,
    }
    found = [_public(public_url)]
    client = make_client(http, account_sid, auth_token, api_url.rstrip("/"))
    try:
        found.append(await _account(client, account_sid))
        if number == SANDBOX:
            found += _by_hand("This is the sandbox", _SANDBOX_PAGE, hooks)
        elif number:
            found += await _sender(client, number, hooks, change)
        if sms:
            found += await _sms(client, sms, webhook_url(public_url, association, "sms") + RETRIES, change)
        return found
    except TwilioRestException as error:
        # Its words may quote what was sent: only the status and the code are shown.
        return [*found, _refused(error.status, error.code)]
    except (NotSent, NotAnswered) as error:
        return [
            *found,
            Finding(False, f"Twilio did not answer ({error.why}): check this machine's way out, try again."),
        ]


def _public(public_url: str) -> Finding:
    if public_url.startswith("https://"):
        return Finding(True, f"Webhooks go to {public_url}.")
    return Finding(
        False, "WASL_PUBLIC_URL must be an https address that Twilio can reach: else WhatsApp and SMS are off."
    )


async def _account(client: Any, account_sid: str) -> Finding:
    account = await client.api.v2010.accounts(account_sid).fetch_async()
    trial = ": a trial account reaches only numbers verified in the console" if account.type == "Trial" else ""
    return Finding(
        account.status == "active",
        f"Account {account.friendly_name} ({account.type}) is {account.status}{trial}.",
    )


async def _sender(client: Any, number: str, hooks: dict[str, str], change: bool) -> list[Finding]:
    from twilio.rest.messaging.v2.channels_sender import ChannelsSenderContext

    senders = await client.messaging.v2.channels_senders.list_async(channel="whatsapp", limit=1000)
    mine = next((one for one in senders if one.sender_id == PREFIX + number), None)
    if mine is None:
        others = ", ".join(one.sender_id.removeprefix(PREFIX) for one in senders) or "none"
        why = f"{number} is no WhatsApp sender of this account (its senders: {others})"
        return [Finding(False, f"{why}. Register it at {_SENDER_PAGE}, or correct …_TWILIO_WHATSAPP_FROM.")]
    mine = await mine.fetch_async()  # a list may leave the webhooks out
    status = str(mine.status)
    found = [Finding(status in _READY, f"Sender {number} is {status}.")]
    before = _hooks_of(mine)
    if before == hooks:
        return [*found, Finding(True, "Both webhooks are set, with retries.")]
    if not change:
        return [*found, Finding(False, f"Webhooks are {_said(before)}; they should be {_said(hooks)}.")]
    update = ChannelsSenderContext.MessagingV2ChannelsSenderRequestsUpdate
    after = await mine.update_async(update({"webhook": _with_methods(hooks)}))
    if _hooks_of(after) == hooks:
        return [*found, Finding(True, f"Webhooks set to {_said(hooks)}; before: {_said(before)}.")]
    return [*found, *_by_hand("Twilio did not take the webhooks", _SENDER_PAGE, hooks)]


async def _sms(client: Any, sender: str, hook: str, change: bool) -> list[Finding]:
    """A number takes our webhook; statuses are asked for with each message."""
    if not sender.startswith("+"):
        told = (
            f"Text messages go out as {sender}, which nobody can answer: the name must be registered ({_NAMES_PAGE})."
        )
        return [Finding(True, told)]
    listed = await client.api.v2010.account.incoming_phone_numbers.list_async(phone_number=sender, limit=20)
    mine = next((one for one in listed if one.phone_number == sender), None)
    if mine is None:
        return [Finding(False, f"{sender} is no number of this account: buy one, or correct …_TWILIO_SMS_FROM.")]
    found = [Finding(bool((mine.capabilities or {}).get("sms")), f"Number {sender} is there for text messages.")]
    before = str(mine.sms_url or "")
    if before == hook:
        return [*found, Finding(True, "Its webhook is set, with retries.")]
    if not change:
        return [*found, Finding(False, f"Its webhook is {before or 'nothing'}; it should be {hook}.")]
    after = await mine.update_async(sms_url=hook, sms_method="POST")
    return [*found, Finding(after.sms_url == hook, f"Its webhook is set to {hook}; before: {before or 'nothing'}.")]


def _with_methods(hooks: dict[str, str]) -> dict[str, str]:
    return {**hooks, "callback_method": "POST", "status_callback_method": "POST"}


def _hooks_of(sender: Any) -> dict[str, str]:
    webhook = sender.webhook or {}
    return {name: str(webhook.get(name) or "") for name in ("callback_url", "status_callback_url")}


def _said(hooks: dict[str, str]) -> str:
    return " and ".join(url or "nothing" for url in hooks.values())


def _by_hand(why: str, page: str, hooks: dict[str, str]) -> list[Finding]:
    return [
        Finding(False, f"{why}: paste these at {page}, both with the method POST."),
        Finding(False, f"When a message comes in: {hooks['callback_url']}"),
        Finding(False, f"Status callback URL: {hooks['status_callback_url']}"),
    ]


def _refused(status: int, code: int | None) -> Finding:
    if status in (401, 403):
        return Finding(False, "Twilio refuses the account SID or the auth token: compare both with the console's.")
    return Finding(False, f"Twilio answers with status {status}, code {code}: see twilio.com/docs/api/errors/{code}.")
