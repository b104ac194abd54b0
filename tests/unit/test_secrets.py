"""Secrets are known by their type, and are in no repr, no report of the configuration and no error."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from normalizer import secret
from normalizer.errors import Misconfigured
from ops import channels, wiring
from ops.config import Config, load
from ops.destinations import KINDS
from tests.servers.switchboard import BIN, environment

SOUNDS_SECRET = re.compile(r"passw|secret|token|(?:^|_)keys?(?:$|_)|credential|auth(?:$|_)|headers")
NO_SECRET = {"token_command", "token_header", "key", "ssl_keyfile", "key_file"}
"""What sounds like one: a command, a header's name, names of files."""

MAIL = 'host = "imap.example.com"\nuser = "u@example.com"\n'
TWILIO = f'account_sid = "AC{"0" * 32}"\npublic_url = "https://h.example"\nauth_tokens = ["{{0}}"]\nwebhook_keys = ["{{1}}"]\n'
META = 'app_secrets = ["{0}"]\nverify_token = "{1}"\naccess_token = "{2}"\n'
ACCOUNTS = {
    "mail.a": MAIL + 'password = "{0}"\n',
    "mail.b": MAIL + 'token = "{0}"\n',
    "slack.a": 'app_token = "xapp-{0}"\nbot_token = "xoxb-{1}"\nsigning_secrets = ["{2}"]\n',
    "sms.a": TWILIO,
    "whatsapp_twilio.a": TWILIO,
    "voice.a": TWILIO,
    "whatsapp.a": META,
    "messenger.a": META,
    "instagram.a": META,
    "x.a": 'user_id = "1"\nbearer_token = "{0}"\napi_key = "{1}"\napi_secret = "{2}"\naccess_token = "{3}"\n'
    'access_secret = "{4}"\n',
    "x.b": 'user_id = "1"\nuser_token = "{0}"\n',
    "webchat.a": 'secrets = ["{0}"]\n',
    "webform.a": 'secrets = ["{0}"]\n',
    "webhook.a": 'secrets = ["{0}"]\nmedia_hosts = ["a.example"]\nmedia_headers = {{Authorization = "{1}"}}\n',
    "webhook.b": 'tokens = ["{0}"]\n',
}
REST = (
    '[kafka]\nsecurity_protocol = "SASL_SSL"\nusername = "u"\npassword = "{0}"\n[http]\nmonitor_token = "{1}"\n'
    '[threads]\ntoken_secrets = ["{2}"]\n[store]\nurl = "postgresql://u:{3}@db.example/sb"\n'
    '[sinks.hook]\nkind = "webhook"\nurl = "https://u:{4}@h.example"\nsecrets = ["whsec_{5}"]\n'
    '[sinks.copy]\nkind = "postgres"\nurl = "postgresql://u:{6}@db.example/copy"\n'
)


class Known:
    """Secrets that can be told apart, all of them with the same mark."""

    mark = "s3cr3tOfTheTestsThatIsLongEno"  # and three digits: base64 of 24 bytes, as some must be

    def __init__(self) -> None:
        self.made: list[str] = []

    def fill(self, text: str) -> str:
        """The text with a new secret in each place."""
        count = len(set(re.findall(r"\{(\d)\}", text)))
        new = [f"{self.mark}{len(self.made) + number:03d}" for number in range(count)]
        self.made += new
        return text.format(*new)


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Known]:
    """A configuration in which every setting that is a secret has one."""
    known = Known()
    parts = [known.fill(REST)]
    parts += [f"[channels.{name}]\n{known.fill(text)}" for name, text in ACCOUNTS.items()]
    parts.append(f'[blobs]\nurl = "file://{tmp_path}/blobs"\n')
    path = tmp_path / "switchboard.toml"
    path.write_text("\n".join(parts))
    return path, known


def settings() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Every struct of settings, by the place that it has in a configuration."""
    yield from _structs("", Config)
    for name in channels.names():
        yield from _structs(f"channels.{name}", channels.channel(name).settings_type)
    for name, kind in KINDS.items():
        yield from _structs(f"sinks.{name}", kind)


def _structs(where: str, kind: type[msgspec.Struct]) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    yield where, kind
    for field in msgspec.structs.fields(kind):
        found: Any = msgspec.inspect.type_info(field.type)
        for option in getattr(found, "types", (getattr(found, "item_type", found),)):
            if isinstance(option, msgspec.inspect.StructType):
                yield from _structs(f"{where}.{field.name}".lstrip("."), option.cls)


def test_what_sounds_like_a_secret_is_marked_as_one() -> None:
    """By its type: ``Secret``. Whoever adds a setting is reminded here."""
    unmarked = [
        f"{where}.{field.name}"
        for where, kind in settings()
        for field in msgspec.structs.fields(kind)
        if SOUNDS_SECRET.search(field.name) and field.name not in {*NO_SECRET, *secret.fields(kind)}
    ]
    assert unmarked == []


def test_every_secret_setting_is_looked_at_here(written: tuple[Path, Known]) -> None:
    """The configuration of these tests has each that there is; a new one is missed here."""
    config = load(written[0])
    filled = {
        f"channels.{name}.{key}"
        for name, accounts in config.channels.items()
        for account in accounts.values()
        for key in account
    }
    filled |= {f"sinks.{settings['kind']}.{key}" for settings in config.sinks.values() for key in settings}
    filled |= {"kafka.password", "http.monitor_token", "threads.token_secrets", "store.url"}
    wanted = {f"{where}.{field}" for where, kind in settings() for field in secret.fields(kind)}
    assert wanted - filled == set()


def test_all_secrets_are_found_by_their_type(written: tuple[Path, Known]) -> None:
    """So that the log can leave them out."""
    path, known = written
    texts = (each for each in load(path).secrets() if "://" not in each)
    found = {each.removeprefix("xapp-").removeprefix("xoxb-").removeprefix("whsec_") for each in texts}
    assert found == set(known.made)


def test_no_secret_is_in_a_repr(written: tuple[Path, Known]) -> None:
    """Of the configuration, its parts, the connectors and the stages."""
    config = load(written[0])
    made = wiring.connectors(config)
    shown = [config, config.kafka, config.http, config.threads, *made, *(each.settings for each in made)]
    shown += wiring.stages(config)
    assert [type(each).__name__ for each in shown if Known.mark in f"{each!r}{each}"] == []


@pytest.mark.slow
@pytest.mark.parametrize("command", [["config", "check"], ["config", "check", "--json"]], ids=" ".join)
def test_no_secret_is_shown(written: tuple[Path, Known], command: list[str]) -> None:
    """By a command that looks at all of it; with the most that it can log."""
    path, _ = written
    done = subprocess.run(
        [BIN, "--verbose", "--config", path, "--broker", "127.0.0.1:1", *command],
        capture_output=True, text=True, check=False, env=environment(path.parent),
    )  # fmt: skip
    assert done.stdout + done.stderr != ""
    assert Known.mark not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ACCOUNTS)
def test_no_secret_is_in_an_error(tmp_path: Path, name: str) -> None:
    """Whichever setting is wrong, and whatever is wrong with a secret itself: its type, its form, its number."""
    text = Known().fill(ACCOUNTS[name])
    breakages = [
        re.sub(r'^(\w+) = ("[^"]*")$', r"\1 = [\2]", text, flags=re.MULTILINE),
        re.sub(r"\[(\"[^\"]*\")\]", r"[\1, \1, \1]", text),
        re.sub(r"\[(\"[^\"]*\")\]", r"\1", text),
        text.replace("xapp-", "").replace("xoxb-", ""),
        text.replace("s3cr3t", "whsec_s3cr3t"),
        text + "no_such_setting = 1\n",
    ]
    for broken in breakages:
        path = tmp_path / "switchboard.toml"
        path.write_text(f"[channels.{name}]\n{broken}")
        if broken == text:
            continue
        said = _refusal(path)
        assert Known.mark not in said


def _refusal(path: Path) -> str:
    try:
        config = load(path)
        wiring.connectors(
            msgspec.structs.replace(config, blobs=msgspec.structs.replace(config.blobs, url="memory://x"))
        )
    except Misconfigured as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("given", "environ", "said"),
    [
        (
            '"env:NO_SUCH_NAME"',
            {},
            "kafka.password is read from the environment variable NO_SUCH_NAME, which is not set",
        ),
        ('"file:/no/such/file"', {}, "kafka.password is read from a file, which cannot be read"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named(
    tmp_path: Path, given: str, environ: Mapping[str, str], said: str
) -> None:
    """By its setting and where it was looked for."""
    del environ
    path = tmp_path / "switchboard.toml"
    path.write_text(f"[kafka]\npassword = {given}\n")
    with pytest.raises(Misconfigured, match=said):
        load(path)


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the white space around it in a file."""
    monkeypatch.setenv("OF_THE_TESTS", "from the environment")
    (tmp_path / "secret").write_text("from a file\n")
    path = tmp_path / "switchboard.toml"
    path.write_text(f'[kafka]\npassword = "env:OF_THE_TESTS"\n[http]\nmonitor_token = "file:{tmp_path}/secret"\n')
    assert list(load(path).secrets()) == ["from the environment", "from a file"]
