"""Which channels an association has, and why the others are off."""

from dataclasses import replace
from typing import Any

import pytest

from bot.accounts import make_channels, on_duty_where_rung
from bot.channels.http import Http
from bot.channels.web_chat import Changes
from bot.settings import read_settings
from conversations.association.profile import OnDuty
from storage.database import Database
from storage.vault import Vault

URL = {"WASL_PUBLIC_URL": "https://wasl.example"}
TELEGRAM = {"WASL_HARIF_TELEGRAM_TOKEN": "11:AAA", "WASL_HARIF_TELEGRAM_SECRET": "s3cret"}
TWILIO = {"WASL_HARIF_TWILIO_ACCOUNT_SID": "AC0", "WASL_HARIF_TWILIO_AUTH_TOKEN": "token"}
WHATSAPP = TWILIO | {"WASL_HARIF_TWILIO_WHATSAPP_FROM": "whatsapp:+966500000001"}
SMS = TWILIO | {"WASL_HARIF_TWILIO_SMS_FROM": "Harif"}
EMAIL = {
    "WASL_SMTP_URL": "smtp://relay.example",
    "WASL_MAIL_FROM": "desk@harif.example",
    "WASL_HARIF_EMAIL_FROM": "help@harif.example",
}


@pytest.mark.parametrize(
    ("channel", "given", "lacks"),
    [
        ("telegram", {}, "Telegram is off (WASL_HARIF_TELEGRAM_TOKEN is not set)"),
        ("telegram", TELEGRAM, ""),
        ("whatsapp", URL, "WhatsApp is off (WASL_HARIF_TWILIO_WHATSAPP_FROM is not set)"),
        ("whatsapp", WHATSAPP, "WhatsApp is off (it needs WASL_PUBLIC_URL)"),
        ("whatsapp", URL | WHATSAPP, ""),
        ("sms", URL, "SMS is off (WASL_HARIF_TWILIO_SMS_FROM is not set)"),
        ("sms", SMS, "SMS is off (it needs WASL_PUBLIC_URL)"),
        ("sms", URL | SMS, ""),
        ("email", URL, "e-mail is off (WASL_HARIF_EMAIL_FROM is not set)"),
        ("email", EMAIL, "e-mail is off (it needs WASL_PUBLIC_URL)"),
        ("email", URL | EMAIL, ""),
    ],
)
async def test_a_channel_is_on_with_its_settings_and_else_says_which_it_lacks(
    database: Database, vault: Vault, associations: Any, channel: str, given: dict[str, str], lacks: str
) -> None:
    http = Http()
    only = {"harif": associations["harif"]}
    made, off = make_channels(read_settings(given), only, database, vault, http, Changes())
    mine = [one for one in off if one == f"harif: {lacks}"]
    assert (("harif", channel) in made, len(mine)) == ((True, 0) if not lacks else (False, 1))
    assert {("harif", "web_chat"), ("harif", "record")} <= made.keys()
    assert len(off) + len(made) == 6, "each of the four is on, or says why not, once"


@pytest.mark.parametrize(("telegram", "chat", "warned"), [({}, "", 1), (TELEGRAM, "-100777", 0)])
async def test_nobody_in_danger_is_told_of_somebody_on_duty_whom_no_bot_can_ring(
    database: Database, vault: Vault, associations: Any, telegram: dict[str, str], chat: str, warned: int
) -> None:
    harif = associations["harif"]
    profile = harif.profile.model_copy(update={"on_duty": OnDuty(telegram_chat="-100777")})
    only = {"harif": replace(harif, profile=profile)}
    made, off = make_channels(read_settings(telegram), only, database, vault, Http(), Changes())
    served = on_duty_where_rung(only, made, off)
    assert served["harif"].profile.on_duty.telegram_chat == chat
    assert len([one for one in off if "on_duty" in one]) == warned
