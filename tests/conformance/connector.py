"""The connector kit: a test class that inherits `ConnectorContract` has the whole suite.

It is for every channel, and quick. A `Poller` also has a class that inherits ``PollerContract`` (poller.py, over the
real source), a `Receiver` one that inherits ``ReceiverContract`` (receiver.py). `test_fleet_connectors.py` finds who has
none.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from connectors._base import Connector
from connectors._blobs import BlobStore
from normalizer.errors import Rejected
from normalizer.events import Message, RawEvent
from normalizer.wire import raw_headers, read_raw

Settings = dict[str, Any]
_BRIEF = profile(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


class ConnectorContract(ABC):
    """What every channel keeps."""

    connector: ClassVar[type[Connector[Any]]]
    secret: ClassVar[str] = "s3cr3t-of-the-tests"
    """"" for a channel that has none."""

    @abstractmethod
    def settings(self) -> Settings:
        """Settings as they stand in a configuration file, with `secret` wherever there is a secret."""

    @abstractmethod
    def samples(self) -> Sequence[RawEvent]:
        """Raw events as this channel makes them; one of each kind."""

    def make(self, blobs: BlobStore, account: str = "main") -> Connector[Any]:
        """The connector under these settings."""
        kind = self.connector
        return kind(account, msgspec.convert(self.settings(), kind.settings_type), blobs)

    def test_its_docstring_states_the_delivery_guarantee(self) -> None:
        """A line that starts with ``Delivery:``."""
        lines = (self.connector.__doc__ or "").splitlines()
        assert [line for line in lines if line.strip().startswith("Delivery:")] != []

    def test_its_channel_is_its_modules_name(self) -> None:
        """The configuration names a channel by its module."""
        assert self.connector.channel == self.connector.__module__.removeprefix("connectors.")

    def test_its_module_has_one_public_connector(self) -> None:
        """So that the module's name is enough."""
        module = sys.modules[self.connector.__module__]
        found = [
            each
            for name, each in vars(module).items()
            if isinstance(each, type)
            and issubclass(each, Connector)
            and each.__module__ == module.__name__
            and name[0] != "_"
        ]
        assert found == [self.connector]

    def test_unknown_settings_are_refused(self) -> None:
        """A misspelt setting is an error and not a default."""
        with pytest.raises(msgspec.ValidationError, match="no_such_setting"):
            msgspec.convert(self.settings() | {"no_such_setting": 1}, self.connector.settings_type)

    def test_no_secret_is_in_a_repr(self, tmp_path: Path) -> None:
        """What ends in a log or a traceback names no credential."""
        made = self.make(BlobStore(tmp_path.as_uri()))
        shown = repr(made) + repr(made.settings) + str(made.settings)
        assert self.secret in msgspec.json.encode(self.settings()).decode()
        assert not self.secret or self.secret not in shown

    def test_a_replay_reads_equal_messages(self) -> None:
        """The same raw event is always the same messages, ids included."""
        for raw in self.samples():
            assert _read(self.connector, raw) == _read(self.connector, msgspec.structs.replace(raw))

    def test_messages_belong_to_their_channel(self) -> None:
        """Channel and account come from the raw event, and no two messages of one have the same id."""
        for raw in self.samples():
            messages = self.connector.read(raw)
            assert {(each.channel, each.account) for each in messages} <= {(raw.channel, raw.account)}
            assert len({each.id for each in messages}) == len(messages)

    @_BRIEF
    @given(body=st.binary(max_size=2000), content_type=st.sampled_from(("", "text/plain", "application/json", "x/y")))
    def test_garbage_is_read_or_rejected(self, body: bytes, content_type: str) -> None:
        """Whatever bytes arrive, the reader gives messages or raises `Rejected`, and nothing else."""
        for raw in self.samples()[:1]:
            for kind in (raw.content_type, content_type):
                _read(self.connector, msgspec.structs.replace(raw, body=body, content_type=kind))

    @_BRIEF
    @given(data=st.data())
    def test_broken_samples_are_read_or_rejected(self, data: st.DataObject) -> None:
        """A delivery that was cut, or has bytes changed, is read or rejected too."""
        for raw in self.samples():
            start = data.draw(st.integers(0, len(raw.body)))
            end = data.draw(st.integers(start, len(raw.body)))
            body = raw.body[:start] + data.draw(st.binary(max_size=20)) + raw.body[end:]
            _read(self.connector, msgspec.structs.replace(raw, body=body))

    def test_a_sample_survives_the_way_through_kafka(self) -> None:
        """Headers and value of the record give the raw event back, so that it reads the same after the topic."""
        for raw in self.samples():
            key = None if raw.key is None else raw.key.encode("utf-8", "surrogateescape")
            assert read_raw(raw.body, raw_headers(raw), key=key) == raw


def _read(connector: type[Connector[Any]], raw: RawEvent) -> tuple[Message, ...] | str:
    """The messages, or the reason why there are none."""
    try:
        return connector.read(raw)
    except Rejected as rejected:
        return f"{rejected.reason}: {rejected}"
