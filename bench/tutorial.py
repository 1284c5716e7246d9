"""Be program (c), the tutorial: one message, one ORM transaction, publish in the handler.

Bodies are decrypted and sealed like all others. It is quick to write; it loses and repeats messages.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from faststream import FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram512
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.child import Began, as_owner, direct_cryptography
from bench.load import Query
from shared.clock import machine_now
from shared.contract.cloudevent import PLAIN_BODY, SEALED_BODY, Envelope, schema_uri, to_headers, to_json
from shared.contract.messages.house import MessageAccepted
from shared.contract.registry import of_model
from shared.contract.topics import Topics
from shared.ids import new_id
from shared.runtime.settings import Settings
from shared.storage.database import trusting


class Base(DeclarativeBase):
    pass


class QueryRow(Base):
    __tablename__ = "queries"
    query_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    answers: Mapped[int]


class AnswerRow(Base):
    __tablename__ = "answers"
    message_id: Mapped[str] = mapped_column(primary_key=True)
    query_id: Mapped[str] = mapped_column(ForeignKey("queries.query_id"))
    party: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


def _engine(settings: Settings) -> AsyncEngine:
    """Connect as the tutorial does; SQLAlchemy's driver takes the CA as an argument, not from the URL."""
    tls = trusting(settings.database_authority)
    return create_async_engine(settings.database_url.set(query={}), connect_args={"ssl": tls})


async def prepare(settings: Settings, parties: Path, queries: Sequence[Query]) -> None:
    """Create the tutorial's tables, with the open queries in them."""
    engine = _engine(as_owner(settings))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with AsyncSession(engine) as session, session.begin():
        session.add_all(QueryRow(query_id=q.query_id, case_id=q.case_id, answers=0) for q in queries)
    await engine.dispose()


async def handled(settings: Settings) -> int:
    """Count the answers that had their effect."""
    engine = _engine(settings)
    async with AsyncSession(engine) as session:
        count = (await session.execute(select(func.count()).select_from(AnswerRow))).scalar_one()
    await engine.dispose()
    return count


def make_app(settings: Settings, parties: Path, began: Began, *, plain: bool) -> FastStream:
    """Build the application as the tutorial does."""
    topics = Topics(settings.topic_prefix)
    open_, make = direct_cryptography(settings, parties, plain=plain)
    sessions = async_sessionmaker(_engine(settings))
    login = settings.kafka_login
    broker = KafkaBroker(
        login.bootstrap,
        security=SASLScram512(username=login.user, password=login.password, ssl_context=login.ssl_context()),
        logger=None,
    )
    content_type = PLAIN_BODY if plain else SEALED_BODY

    @broker.subscriber(
        pattern=topics.from_pattern("triage"),
        group_id=topics.group("triage", "tutorial"),
        auto_offset_reset="earliest",
    )
    async def answered(message: KafkaMessage) -> None:
        began.now()
        party = message.raw_message.topic.rpartition(".")[2]  # type: ignore[union-attr]
        event = json.loads(open_(party, message.body))
        async with sessions() as session, session.begin():
            query = await session.get_one(QueryRow, event["data"]["query_id"])
            query.answers += 1
            session.add(
                AnswerRow(message_id=event["id"], query_id=query.query_id, party=party, data=event["data"])
            )
        entry = of_model(MessageAccepted)
        envelope = Envelope(
            id=new_id(),
            source=settings.source,
            type=entry.type,
            time=machine_now(),
            dataschema=schema_uri(entry),
            extensions={"causationid": event["id"]},
        )
        await broker.publish(
            make(
                party, to_json(envelope, MessageAccepted(message_id=event["id"]).model_dump_json().encode())
            ),
            topic=topics.to_party(party),
            key=party.encode(),
            headers={name: value.decode() for name, value in to_headers(envelope, content_type)},
        )

    return FastStream(broker, logger=None)


def main(
    parties: Annotated[Path, typer.Option()],
    began: Annotated[Path, typer.Option()],
    plain: Annotated[bool, typer.Option()] = False,
) -> None:
    """Run until it is stopped."""
    uvloop.run(_run(make_app(Settings(), parties, Began(began), plain=plain)))


async def _run(app: FastStream) -> None:
    running = asyncio.create_task(app.run())
    await running


if __name__ == "__main__":
    typer.run(main)
