"""Every poller whose source has a past can be read again from a day on, to its end, and taken up where it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors._mailsettings import MailSettings
from connectors._memory import MemoryKafka
from connectors._twilio.settings import MessagingSettings
from connectors.fakes.slack import FakeSlack
from connectors.fakes.twilio import ACCOUNT_SID, FakeTwilio
from connectors.fakes.x import FakeX
from connectors.filedrop import FileDrop, FileDropSettings
from connectors.mail import Mail
from connectors.sms import Sms
from connectors.voice import Voice, VoiceSettings
from connectors.webform import WebForm, WebFormSettings
from normalizer.errors import Misconfigured, Retriable
from normalizer.events import Message
from ops.backfill import History, Progress
from tests.unit.connectors.slack_told import FAST, made
from tests.unit.connectors.twilio_messages import CUSTOMER, OURS, SECRET, settings
from tests.unit.connectors.voice_line import ANN, line
from tests.unit.connectors.voice_line import settings as voice_settings
from tests.unit.connectors.x_account import account

pytestmark = pytest.mark.slow
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Filled:
    """A backfill into memory."""

    def __init__(self, connector: Any, since: datetime, until: datetime | None = None) -> None:
        self.connector, self.since, self.until = connector, since, until
        self.kafka = MemoryKafka()
        self.told: list[Progress] = []

    def run(self, *, again: bool = False) -> list[Progress]:
        """All sources."""
        history = History(self.connector, self.since, self.until)
        return [history.fill(s, self.kafka, self.kafka, self._tell, again=again) for s in history.sources]

    def texts(self) -> list[str]:
        """What arrived, sorted."""
        found: list[Message] = [each for raw in self.kafka.events for each in self.connector.read(raw)]
        return sorted(each.text or each.subject for each in found)

    def _tell(self, progress: Progress) -> None:
        self.told.append(msgspec.structs.replace(progress))


def _sms(twilio: FakeTwilio, folder: Path) -> Sms:
    given = settings(api_url=twilio.url, page_size=3, list_after_seconds=0)
    return Sms("main", msgspec.convert(given, MessagingSettings), BlobStore(folder.as_uri()))


def test_the_list_of_messages_of_twilio(tmp_path: Path) -> None:
    """From the day on, and not what is said to be later; the live place is not there, the own one is."""
    with FakeTwilio(ACCOUNT_SID, (SECRET,)) as twilio:
        twilio.account.clock = lambda: NOW
        for ago in range(9):
            twilio.messages.receive(CUSTOMER, OURS, f"{ago} days ago", sent=NOW - ago * DAY)
        filled = Filled(_sms(twilio, tmp_path), NOW - 6 * DAY, NOW - 2 * DAY)
        (progress,) = filled.run()
        assert filled.texts() == ["3 days ago", "4 days ago", "5 days ago", "6 days ago"]
        assert (progress.published, progress.left_out) == (4, 3)
        name = "sms/main/backfill 2026-03-04T12:00:00..2026-03-08T12:00:00/messages"
        assert list(filled.kafka.positions) == [name]
        (progress,) = filled.run()
        assert progress.published == 0
        (progress,) = filled.run(again=True)
        assert progress.published == 4


def test_a_source_that_fails_is_asked_again_from_the_saved_place(tmp_path: Path) -> None:
    """Kafka is away in between; it says why it waits."""
    with FakeTwilio(ACCOUNT_SID, (SECRET,)) as twilio:
        twilio.account.clock = lambda: NOW
        for minute in range(7):
            twilio.messages.receive(CUSTOMER, OURS, str(minute), sent=NOW - timedelta(minutes=minute))
        filled = Filled(_sms(twilio, tmp_path), NOW - DAY)
        filled.kafka.fail_next("published", Retriable("Kafka is away: start it"))
        (progress,) = filled.run()
    assert [each.waiting for each in filled.told if each.waiting] == ["Kafka is away: start it"]
    assert sorted({*filled.texts()}) == list("0123456")
    assert progress.published == 7


def test_the_history_of_slack(tmp_path: Path) -> None:
    """Only that: sockets tell what happens now."""
    with FakeSlack(**FAST) as fake:
        fake.channel("C1", "support")
        fake.user("U1", "Ann Lee")
        for number in range(5):
            fake.say("C1", "U1", str(number), heard=False)
        filled = Filled(made(fake, tmp_path, since=None), datetime.now(UTC) - 400 * DAY)
        (progress,) = filled.run()
    assert (progress.source, progress.published, filled.texts()) == ("history", 5, list("01234"))


def test_the_mentions_of_x(tmp_path: Path) -> None:
    """Within the window that X gives."""
    with FakeX() as fake:
        for number in range(12):
            fake.post("ann", f"@acme {number}")
        filled = Filled(account(fake, tmp_path, sources=("mentions", "lookup")), datetime.now(UTC) - DAY)
        (progress,) = filled.run()
    assert (progress.source, progress.published) == ("mentions", 12)


def test_the_calls_of_twilio() -> None:
    """By days back, which is how that channel says it; and no further than it can."""
    with line() as shop:
        shop.twilio.phone.calls.add(ANN, OURS, "no-answer")
        given = msgspec.convert(voice_settings(api_url=shop.twilio.url, list_after_seconds=0), VoiceSettings)
        voice = Voice("main", given, BlobStore("memory://voice"))
        filled = Filled(voice, datetime.now(UTC) - 300 * DAY)
        assert {each.source: each.published for each in filled.run()} == {"calls": 1, "recordings": 0}
        with pytest.raises(Misconfigured, match="voice:main looks back 365 days at most, and --since is 401 days ago"):
            History(voice, datetime.now(UTC) - 400 * DAY, None)


def test_what_has_no_past_is_refused(tmp_path: Path) -> None:
    """With the reason."""
    blobs = BlobStore(tmp_path.as_uri())
    form = WebForm("site", msgspec.convert({}, WebFormSettings), blobs)
    drop = FileDrop("in", msgspec.convert({"folder": str(tmp_path), "format": "eml"}, FileDropSettings), blobs)
    mail = Mail("us", msgspec.convert({"host": "h", "user": "u", "password": "p"}, MailSettings), blobs)
    with pytest.raises(
        Misconfigured, match="webform:site is called and cannot be asked: whoever calls it must send again"
    ):
        History(form, NOW, None)
    with pytest.raises(
        Misconfigured, match="filedrop:in cannot look back to a day: what its source holds is read whole"
    ):
        History(drop, NOW, None)
    with pytest.raises(Misconfigured, match=r"nothing is between --since .* and --until .*: give a later --until"):
        History(mail, NOW, NOW)
    with FakeSlack(**FAST) as fake:
        slack = made(fake, tmp_path, bot_token="")
        with pytest.raises(Misconfigured, match="slack:main has no source with a past: its settings only let it hear"):
            History(slack, NOW, None)
