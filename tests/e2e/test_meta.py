"""WhatsApp, Messenger and Instagram on real Kafka: from Meta's wire to the ticket store."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.fakes.meta import FakeMeta
from normalizer.cluster import Cluster
from normalizer.events import Signal
from normalizer.wire import decode
from tests.servers.whole import whole

pytestmark = pytest.mark.engine

OBJECTS = {"whatsapp": "whatsapp_business_account", "messenger": "page", "instagram": "instagram"}
ANN, BO = "4915112345678", "5511987654321"


def test_all_three_end_in_the_store(cluster: Cluster, tmp_path: Path) -> None:
    """Batches newest first, every post twice, an edit, a reaction, receipts and an unsend: one ticket for each talk."""
    with FakeMeta() as meta, whole(cluster, tmp_path, {name: {"main": meta.settings} for name in OBJECTS}) as world:
        for channel, object_ in OBJECTS.items():
            for _ in range(2):  # a second subscription, as somebody made by mistake
                meta.subscribe(object_, f"{world.door}/{channel}/main")
        number, page, account = meta.number(), meta.page(), meta.instagram()
        meta.graph.people["77"] = {"first_name": "Cleo", "last_name": "Marin"}
        photo = meta.graph.add(b"\xff\xd8 photo", "image/jpeg")

        first = number.text(ANN, "Ann", "My cup arrived broken")
        number.media(ANN, "Ann", "image", photo, "image/jpeg", "the crack")
        number.text("551187654321", "Bo", "without the ninth digit")
        number.text(BO, "Bo", "with it")
        question = page.text("77", "Do you ship to Lagos?")
        page.echo("77", "We do!", app="31415")
        page.comment("78", "Dan", "1045672890_1", "Where is my order?")
        story = account.attachment("79", "story_mention", meta.public(b"a story", "image/jpeg"))
        meta.deliver(newest_first=True)
        number.edit(ANN, "Ann", first, "My cups arrived broken")
        number.reaction(BO, "Bo", first, "👍")
        number.status(ANN, "wamid.of-ours", "read")
        page.edit("77", question, "Do you ship to Accra?")
        page.seen("77")
        account.unsend("79", story)
        assert meta.deliver() == [200] * 6

        world.settled(2 * 14)
        talks = {(talk.ticket.channel, talk.ticket.customer.address): talk for talk in world.tickets()}
        said = {who: {(each.message.kind, each.message.text) for each in talk.messages} for who, talk in talks.items()}
        assert said == {
            ("whatsapp", f"+{ANN}"): {
                ("message", "My cup arrived broken"),
                ("message", "the crack"),
                ("edit", "My cups arrived broken"),
            },
            ("whatsapp", f"+{BO}"): {
                ("message", "without the ninth digit"),
                ("message", "with it"),
                ("reaction", "👍"),
            },
            ("messenger", "1045672890:77"): {
                ("message", "Do you ship to Lagos?"),
                ("echo", "We do!"),
                ("edit", "Do you ship to Accra?"),
            },
            ("messenger", "1045672890:78"): {("message", "Where is my order?")},
            ("instagram", "17841405822304914:79"): said["instagram", "17841405822304914:79"],
        }
        assert {kind for kind, _ in said["instagram", "17841405822304914:79"]} == {"message", "deletion"}
        assert talks["messenger", "1045672890:77"].ticket.customer.name == "Cleo Marin"
        (picture,) = [each.message for each in talks["whatsapp", f"+{ANN}"].messages if each.message.attachments]
        assert picture.attachments[0].size == len(b"\xff\xd8 photo")
        signals = [decode(Signal, each.value, each.headers).message for each in world.records(Signal.topic)]
        assert {(each.channel, each.fields["status"]) for each in signals} == {
            ("whatsapp", "read"),
            ("messenger", "read"),
        }
        assert all(account.adds_up for account in world.ledger().values())
