"""Settings: one table, every mistake at once with its remedy, and no secret in any message."""

import dataclasses
import re
from pathlib import Path

import pytest

from bot.setting_kinds import KINDS
from bot.settings import (
    GROUPS,
    PER_ASSOCIATION,
    SETTINGS,
    TESTING,
    AccountSettings,
    BadSettings,
    Settings,
    as_markdown,
    check_accounts,
    prefix_of,
    read_settings,
)
from storage.vault import Vault, generate_key

HERE = Path(__file__).parents[2]
FIVE = ["bena-jazan", "harif", "mastoura", "ruhama", "saudi-exhibitions"]
NAME = re.compile(r"\bWASL_[A-Z0-9_]*[A-Z0-9]\b")
HARIF = {"WASL_HARIF_TELEGRAM_TOKEN": "11:AAA", "WASL_HARIF_TELEGRAM_SECRET": "s3cret"}
RELAY = {"WASL_SMTP_URL": "smtp://relay.example", "WASL_MAIL_FROM": "desk@harif.example"}
TWILIO = {
    "WASL_HARIF_TWILIO_ACCOUNT_SID": "AC0",
    "WASL_HARIF_TWILIO_AUTH_TOKEN": "token",
    "WASL_HARIF_TWILIO_WHATSAPP_FROM": "whatsapp:+966500000001",
}


def mistakes(environ: dict[str, str], slugs: list[str] = FIVE) -> list[str]:
    """What a start would say, as the command line asks for it."""
    try:
        check_accounts(read_settings(environ), slugs)
    except BadSettings as error:
        return error.mistakes
    return []


def known_names() -> set[str]:
    return {setting.name for setting in SETTINGS} | {
        prefix_of(slug) + setting.name for slug in FIVE for setting in PER_ASSOCIATION
    }


def files_that_speak_of_settings() -> list[Path]:
    """Code, deploy files and docs."""
    folders = ("bot", "conversations", "storage", "deploy", ".ci")
    paths = [path for folder in folders for path in (HERE / folder).rglob("*")]
    paths += [HERE / "Makefile", HERE / "pyproject.toml", *HERE.glob("*.md")]
    return [path for path in paths if path.is_file() and path.suffix not in (".pyc", ".ttf", ".png", ".jpg")]


# --- the table


def test_every_name_anywhere_in_code_deploy_files_and_docs_is_in_the_table() -> None:
    files = files_that_speak_of_settings()
    assert HERE / "deploy/compose.yaml" in files
    strangers = {
        f"{path.relative_to(HERE)}: {name}"
        for path in files
        for name in NAME.findall(path.read_text("utf-8", errors="replace"))
        if not name.startswith(TESTING) and name not in known_names()
    }
    assert strangers == set()


def test_every_name_of_the_tests_is_explained_to_contributors() -> None:
    explained = set(NAME.findall((HERE / "CONTRIBUTING.md").read_text()))
    used = {
        name
        for path in (HERE / "tests").rglob("*.py")
        if path != Path(__file__)
        for name in NAME.findall(path.read_text())
        if name.startswith(TESTING)
    }
    assert used
    assert used <= explained


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    example = (HERE / "deploy/.env.example").read_text()
    given = dict(re.findall(r"^#?\s?(WASL_[A-Z0-9_]+)=(.*)$", example, re.M))
    for setting in SETTINGS:
        assert setting.name in given
        if setting.default:
            assert given[setting.name] == setting.default
    for setting in PER_ASSOCIATION:
        assert f"WASL_HARIF_{setting.name}" in given


def test_the_page_of_settings_is_the_table() -> None:
    assert (HERE / "deploy/SETTINGS.md").read_text() == as_markdown(), (
        "write it anew: wasl settings > deploy/SETTINGS.md"
    )


def test_no_setting_stands_twice_and_each_has_a_kind_and_an_explanation() -> None:
    names = [setting.name for _, group in GROUPS for setting in group]
    assert len(names) == len(set(names)) > 15
    assert all(setting.about.endswith(".") and setting.kind in KINDS for setting in (*SETTINGS, *PER_ASSOCIATION))


def test_the_table_and_what_it_is_read_into_are_the_same() -> None:
    fields = {one.name for one in dataclasses.fields(Settings)} - {"environ"}
    assert fields == {setting.name.removeprefix("WASL_").lower() for setting in SETTINGS}
    fields = {one.name for one in dataclasses.fields(AccountSettings)}
    assert fields == {setting.name.lower() for setting in PER_ASSOCIATION}


def test_every_setting_is_read_by_somebody() -> None:
    code = "\n".join(path.read_text() for path in (HERE / "bot").rglob("*.py") if path.name != "settings.py")
    fields = [setting.name.removeprefix("WASL_").lower() for setting in (*SETTINGS, *PER_ASSOCIATION)]
    assert [field for field in fields if not re.search(rf"(settings|account)\.{field}\b", code)] == []


# --- reading


def test_nothing_given_is_a_working_house_on_this_machine_alone() -> None:
    settings = read_settings({})
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8000, "")
    assert settings.database_url == "sqlite:///.data/wasl.sqlite"
    assert settings.files_url == ".data/files"
    assert (settings.keys, settings.index_key, settings.only, settings.outbound_only) == ((), "", (), frozenset())
    check_accounts(settings, FIVE)


def test_a_name_without_a_value_is_as_none() -> None:
    assert read_settings({setting.name: "  " for setting in SETTINGS}) == dataclasses.replace(
        read_settings({}), environ={setting.name: "  " for setting in SETTINGS}
    )


def test_the_database_lies_in_the_data_folder() -> None:
    assert read_settings({"WASL_DATA": "/var/lib/wasl"}).database_url == "sqlite:////var/lib/wasl/wasl.sqlite"


@pytest.mark.parametrize(
    ("name", "raw", "field", "value"),
    [
        ("WASL_PORT", "٨٠٨٠", "port", 8080),
        ("WASL_PUBLIC_URL", "https://wasl.example.sa/", "public_url", "https://wasl.example.sa"),
        ("WASL_PUBLIC_URL", "http://localhost:8000", "public_url", "http://localhost:8000"),
        ("WASL_ONLY", "harif, ruhama,", "only", ("harif", "ruhama")),
        ("WASL_OUTBOUND_ONLY", "telegram:1, whatsapp:+9665", "outbound_only", {"telegram:1", "whatsapp:+9665"}),
        ("WASL_TWILIO_RATE", "0.33", "twilio_rate", 0.33),
        ("WASL_LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("WASL_DESK_TOTP", "Required", "desk_totp", "required"),
        ("WASL_DATABASE_URL", "postgresql://wasl@database/wasl", "database_url", "postgresql://wasl@database/wasl"),
        ("WASL_FILES_URL", "s3://bucket/wasl?endpoint=https://s3", "files_url", "s3://bucket/wasl?endpoint=https://s3"),
        (
            "WASL_EMBED_ORIGINS",
            "harif=https://a.sa, harif=https://b.sa, ruhama=https://c.sa",
            "embed_origins",
            {"harif": ("https://a.sa", "https://b.sa"), "ruhama": ("https://c.sa",)},
        ),
    ],
)
def test_a_value_is_read_as_it_was_meant(name: str, raw: str, field: str, value: object) -> None:
    assert getattr(read_settings({name: raw}), field) == value


def test_keys_are_read_newest_first_and_open_a_vault() -> None:
    new, old, index = generate_key(), generate_key(), generate_key()
    settings = read_settings({"WASL_KEYS": f"{new}, {old}", "WASL_INDEX_KEY": index})
    assert settings.keys == (new, old)
    made, before = Vault(settings.keys, settings.index_key), Vault([old], index)
    assert made.open(before.seal(b"kept", b"where"), b"where") == b"kept"
    assert made.newest == Vault([new], index).newest


def test_a_slug_becomes_capitals_and_underscores() -> None:
    assert [prefix_of(slug) for slug in FIVE] == [
        "WASL_BENA_JAZAN_",
        "WASL_HARIF_",
        "WASL_MASTOURA_",
        "WASL_RUHAMA_",
        "WASL_SAUDI_EXHIBITIONS_",
    ]
    settings = read_settings({"WASL_SAUDI_EXHIBITIONS_TELEGRAM_TOKEN": " 7:abc "})
    assert settings.account("saudi-exhibitions").telegram_token == "7:abc"
    assert settings.account("harif").telegram_token == ""


def test_an_account_has_the_common_rate_unless_it_has_its_own() -> None:
    settings = read_settings({"WASL_TWILIO_RATE": "40", "WASL_HARIF_TWILIO_RATE": "0.33"})
    assert (settings.account("harif").twilio_rate, settings.account("ruhama").twilio_rate) == (0.33, 40)
    assert settings.account("harif").telegram_rate == 30


def test_a_sender_is_a_number_with_or_without_its_prefix() -> None:
    assert read_settings(TWILIO).account("harif").twilio_whatsapp_from == "+966500000001"


# --- mistakes


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"WASL_PORT": "eighty"}, "WASL_PORT: 'eighty' is no port — write a number up to 65535"),
        ({"WASL_PORT": "70000"}, "WASL_PORT: '70000' is no port — write a number up to 65535"),
        ({"WASL_DESK_TOTP": "yes"}, "WASL_DESK_TOTP: 'yes' is neither — write optional or required"),
        (
            {"WASL_HARIF_TWILIO_REPLY_TEMPLATE": "reply_waiting"},
            "WASL_HARIF_TWILIO_REPLY_TEMPLATE: no content — copy its SID from the console: HX…",
        ),
        (
            {"WASL_OIDC_ISSUER": "http://id.example", "WASL_OIDC_CLIENT_ID": "w", "WASL_OIDC_CLIENT_SECRET": "s"},
            "WASL_OIDC_ISSUER: whoever signs people in needs https — write https://…",
        ),
        (
            {"WASL_OIDC_ISSUER": "https://id.example"},
            "WASL_OIDC_CLIENT_ID and WASL_OIDC_CLIENT_SECRET: missing — "
            "single sign-on needs all three, or none to be off",
        ),
        ({"WASL_FILE_LIMIT_MB": "0"}, "WASL_FILE_LIMIT_MB: '0' is no whole number above 0"),
        (
            {"WASL_TELEGRAM_RATE": "0"},
            "WASL_TELEGRAM_RATE: '0' is no rate — write messages a second, such as 30 or 0.5",
        ),
        ({"WASL_LOG_LEVEL": "warn"}, "WASL_LOG_LEVEL: 'warn' is no level — one of debug, info, warning, error"),
        ({"WASL_LOG_LEVEL": "warnings"}, "WASL_LOG_LEVEL: 'warnings' is no level — did you mean warning?"),
        ({"WASL_TELEGRAM_API_URL": "localhost"}, "WASL_TELEGRAM_API_URL: no address — it begins with https://"),
        ({"WASL_PUBLIC_URL": "wasl.sa"}, "WASL_PUBLIC_URL: no address — it begins with https://"),
        (
            {"WASL_PUBLIC_URL": "http://wasl.sa"},
            "WASL_PUBLIC_URL: people and providers need https — write https://wasl.sa",
        ),
        (
            {"WASL_PUBLIC_URL": "https://wasl.sa/bot"},
            "WASL_PUBLIC_URL: an address without a path — write https://wasl.sa",
        ),
        (
            {"WASL_DATABASE_URL": "postgres://a:b@c/d"},
            "WASL_DATABASE_URL: begins with postgres:// — write postgresql://",
        ),
        (
            {"WASL_DATABASE_URL": "sqlite://wasl"},
            "WASL_DATABASE_URL: names no file — write sqlite:///path, or sqlite:////path from the root",
        ),
        (
            {"WASL_DATABASE_URL": "mysql://a:b@c/d"},
            "WASL_DATABASE_URL: no database we know — write postgresql://user:password@host/name or sqlite:///path",
        ),
        (
            {"WASL_FILES_URL": "bucket"},
            "WASL_FILES_URL: no bucket — write s3://bucket/prefix, or leave it empty for a folder in WASL_DATA",
        ),
        (
            {"WASL_FILES_URL": "s3://b?endpont=x"},
            "WASL_FILES_URL: endpont is no part of it — only endpoint and region are",
        ),
        ({"WASL_OUTBOUND_ONLY": ","}, "WASL_OUTBOUND_ONLY: a list of nothing — name something or leave it empty"),
        (
            {"WASL_OUTBOUND_ONLY": "+9665"},
            "WASL_OUTBOUND_ONLY: '+9665' is no address — write channel:handle, such as telegram:123456",
        ),
        (
            {"WASL_OUTBOUND_ONLY": "telegrm:1"},
            "WASL_OUTBOUND_ONLY: 'telegrm:1' names no channel — did you mean telegram?",
        ),
        (
            {"WASL_OUTBOUND_ONLY": "whatsapp:0500000001"},
            "WASL_OUTBOUND_ONLY: 'whatsapp:0500000001' is no number — write it as whatsapp:+9665…",
        ),
        (
            {"WASL_TRUSTED_PROXIES": "127.0.0.1, caddy"},
            "WASL_TRUSTED_PROXIES: 'caddy' is no address and no network — write 10.0.0.5 or 10.0.0.0/8",
        ),
        (
            {"WASL_SMTP_URL": "smtp://relay.example", "WASL_MAIL_FROM": "desk"},
            "WASL_MAIL_FROM: no address — write it as desk@charity.example",
        ),
        (
            {"WASL_EMBED_ORIGINS": "harif"},
            "WASL_EMBED_ORIGINS: 'harif' names no site — write slug=https://site, without a path",
        ),
        ({"WASL_ONLY": "harrif"}, "WASL_ONLY: no association 'harrif' — did you mean harif?"),
        (
            {"WASL_EMBED_ORIGINS": "moon=https://a.sa"},
            f"WASL_EMBED_ORIGINS: no association 'moon' — the profiles are {', '.join(FIVE)}",
        ),
        ({"WASL_DATABASE_UR": "x"}, "WASL_DATABASE_UR: no such setting — did you mean WASL_DATABASE_URL?"),
        (
            {"WASL_HARIF_TELEGRAM_TOKN": "x"},
            "WASL_HARIF_TELEGRAM_TOKN: no such setting — did you mean WASL_HARIF_TELEGRAM_TOKEN?",
        ),
        ({"WASL_XYZZY": "x"}, "WASL_XYZZY: no such setting — see deploy/SETTINGS.md"),
        (
            {"WASL_HARIF_TELEGRAM_TOKEN": "nonsense"},
            "WASL_HARIF_TELEGRAM_TOKEN: no bot token — copy it whole from @BotFather: 123456:ABC…",
        ),
        (
            {"WASL_HARIF_TELEGRAM_SECRET": "no spaces"},
            "WASL_HARIF_TELEGRAM_SECRET: 1 to 256 of A-Z a-z 0-9 _ - — openssl rand -hex 32 makes one",
        ),
        (
            HARIF | {"WASL_HARIF_TELEGRAM_STAFF_GROUP": "1234567"},
            "WASL_HARIF_TELEGRAM_STAFF_GROUP: no id of a group — it begins with -100 (deploy/README.md)",
        ),
        (
            {"WASL_HARIF_TELEGRAM_STAFF_GROUP": "-1001234567"},
            "WASL_HARIF_TELEGRAM_TOKEN: missing — the staff's group needs the bot",
        ),
        (
            HARIF
            | {"WASL_HARIF_TELEGRAM_STAFF_GROUP": "-1001"}
            | {"WASL_RUHAMA_TELEGRAM_TOKEN": "12:AAA", "WASL_RUHAMA_TELEGRAM_STAFF_GROUP": "-1001"},
            "WASL_RUHAMA_TELEGRAM_STAFF_GROUP: the same as WASL_HARIF_TELEGRAM_STAFF_GROUP — "
            "each association needs one of its own",
        ),
        (
            TWILIO | {"WASL_HARIF_TWILIO_WHATSAPP_FROM": "0500000001"},
            "WASL_HARIF_TWILIO_WHATSAPP_FROM: no sender — write the number as +9665…, without spaces",
        ),
        (
            TWILIO | {"WASL_HARIF_TWILIO_ACCOUNT_SID": "SK0"},
            "WASL_HARIF_TWILIO_ACCOUNT_SID: no account — copy the Account SID from the console: AC…",
        ),
        (
            {"WASL_HARIF_TWILIO_AUTH_TOKEN": "x"},
            "WASL_HARIF_TWILIO_ACCOUNT_SID and WASL_HARIF_TWILIO_WHATSAPP_FROM: missing — "
            "WhatsApp needs all three, or none to be off",
        ),
        (
            {"WASL_HARIF_TWILIO_SMS_FROM": "Harif"},
            "WASL_HARIF_TWILIO_ACCOUNT_SID and WASL_HARIF_TWILIO_AUTH_TOKEN: missing — "
            "SMS and calls need both, or none to be off",
        ),
        *(
            (
                TWILIO | {"WASL_HARIF_TWILIO_SMS_FROM": wrong},
                "WASL_HARIF_TWILIO_SMS_FROM: no sender — write a number as +9665…, or a name of at most 11 Latin "
                "letters and digits",
            )
            for wrong in ("0500000001", "حارف", "TwelveLetters", "12345")
        ),
        (
            {"WASL_HARIF_EMAIL_FROM": "help@harif.example"},
            "WASL_SMTP_URL: missing — WASL_HARIF_EMAIL_FROM needs a relay that sends",
        ),
        (
            RELAY | {"WASL_HARIF_EMAIL_FROM": "حارف <help@harif.example>"},
            "WASL_HARIF_EMAIL_FROM: no address — write it alone, as help@charity.example",
        ),
        (
            RELAY | {"WASL_HARIF_EMAIL_SECRET": "x"},
            "WASL_HARIF_EMAIL_FROM: missing — e-mail needs the association's address",
        ),
        (
            RELAY | {"WASL_HARIF_EMAIL_FROM": "a@b.example", "WASL_RUHAMA_EMAIL_FROM": "A@B.example"},
            "WASL_RUHAMA_EMAIL_FROM: the same as WASL_HARIF_EMAIL_FROM — each association needs one of its own",
        ),
        (
            {"WASL_HARIF_TELEGRAM_TOKEN": "1:a", "WASL_PUBLIC_URL": "https://wasl.sa"},
            "WASL_HARIF_TELEGRAM_SECRET: missing — a webhook needs it, since WASL_PUBLIC_URL is set",
        ),
        (
            HARIF | {"WASL_RUHAMA_TELEGRAM_TOKEN": "11:AAA"},
            "WASL_RUHAMA_TELEGRAM_TOKEN: the same as WASL_HARIF_TELEGRAM_TOKEN — each association needs one of its own",
        ),
        (
            TWILIO
            | {name.replace("HARIF", "RUHAMA"): value.removeprefix("whatsapp:") for name, value in TWILIO.items()},
            "WASL_RUHAMA_TWILIO_WHATSAPP_FROM: the same as WASL_HARIF_TWILIO_WHATSAPP_FROM — "
            "each association needs one of its own",
        ),
        (
            {"WASL_KEYS": generate_key()},
            "WASL_INDEX_KEY: missing — give both keys or neither (wasl keys new makes one)",
        ),
        (
            {"WASL_INDEX_KEY": generate_key()},
            "WASL_KEYS: missing — give both keys or neither (wasl keys new makes one)",
        ),
        (
            {"WASL_KEYS": "short", "WASL_INDEX_KEY": generate_key()},
            "WASL_KEYS: a key is base64 of 32 bytes — wasl keys new makes one",
        ),
    ],
)
def test_each_mistake_is_said_with_its_remedy(environ: dict[str, str], said: str) -> None:
    assert mistakes(environ) == [said]


def test_one_key_for_sealing_and_for_finding_is_refused() -> None:
    key = generate_key()
    assert mistakes({"WASL_KEYS": key, "WASL_INDEX_KEY": key}) == [
        "WASL_INDEX_KEY: the same as a key in WASL_KEYS — make another one (wasl keys new)"
    ]


def test_a_bot_whose_token_was_renewed_is_still_the_same_bot() -> None:
    assert len(mistakes(HARIF | {"WASL_RUHAMA_TELEGRAM_TOKEN": "11:BBB"})) == 1
    assert mistakes(HARIF | {"WASL_RUHAMA_TELEGRAM_TOKEN": "12:AAA"}) == []


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    for slug in ("harif", "ruhama"):
        (tmp_path / slug).mkdir()
        (tmp_path / slug / "profile.toml").touch()
    found = mistakes(
        {
            "WASL_ASSOCIATIONS": str(tmp_path),
            "WASL_PORT": "eighty",
            "WASL_LOG_LEVEL": "loud",
            "WASL_PUBLIC_URL": "wasl.sa",
            "WASL_HARIF_TELEGRAM_TOKEN": "1:a",
            "WASL_RUHAMA_TELEGRAM_TOKEN": "1:a",
            "WASL_RUHAMA_TWILIO_AUTH_TOKEN": "x",
            "WASL_ONLY": "rahuma",
            "WASL_KEYES": "x",
        }
    )
    assert [said.partition(":")[0] for said in found] == [
        "WASL_PORT",
        "WASL_PUBLIC_URL",
        "WASL_LOG_LEVEL",
        "WASL_RUHAMA_TWILIO_ACCOUNT_SID and WASL_RUHAMA_TWILIO_WHATSAPP_FROM",
        "WASL_RUHAMA_TELEGRAM_TOKEN",
        "WASL_ONLY",
        "WASL_KEYES",
    ]


def test_accounts_of_an_association_served_by_another_process_are_no_mistake() -> None:
    elsewhere = HARIF | TWILIO | {"WASL_ONLY": "ruhama", "WASL_ASSOCIATIONS": str(HERE / "deploy/associations")}
    assert mistakes(elsewhere, ["ruhama"]) == []


def test_names_for_the_tests_are_no_mistake() -> None:
    assert mistakes({"WASL_TEST_BROWSER": "required"}) == []


@pytest.mark.parametrize(
    "name",
    [
        "WASL_DATABASE_URL",
        "WASL_KEYS",
        "WASL_INDEX_KEY",
        "WASL_FILES_URL",
        "WASL_HARIF_TELEGRAM_TOKEN",
        "WASL_HARIF_TELEGRAM_SECRET",
        "WASL_HARIF_TWILIO_ACCOUNT_SID",
    ],
)
def test_no_error_quotes_a_secret(name: str) -> None:
    said = mistakes({name: "hush hush:top-secret@here"})
    assert said
    assert not any("hush" in one or "top-secret" in one for one in said)


def test_settings_that_are_printed_show_no_secret() -> None:
    new, index = generate_key(), generate_key()
    settings = read_settings(
        HARIF
        | TWILIO
        | {"WASL_KEYS": new, "WASL_INDEX_KEY": index, "WASL_DATABASE_URL": "postgresql://wasl:hush@database/wasl"}
    )
    printed = repr(settings) + repr(settings.account("harif"))
    assert not any(secret in printed for secret in (new, index, "hush", "11:AAA", "s3cret", "'token'"))


def test_a_store_whose_library_is_not_installed_stops_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.setting_kinds.find_spec", lambda name: None)
    (said,) = mistakes({"WASL_FILES_URL": "s3://bucket"})
    assert said == "WASL_FILES_URL: its library is not installed — .venv/bin/pip install -c constraints.txt '.[s3]'"
