"""How content is used: operations by time, application, user, operation, type of blocks, run, outcome and duration.

Nothing of the content itself is here, and no row refers to another table: counts outlive what they are about.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base
from db.types import Instant, text


class ContentUsage(Base):
    """Operations that began within the same few minutes, from `period` on, and are alike in all else.

    A row with an empty `block_type` counts operations; one with a type counts those that touched blocks of it, and the
    `blocks`. `slot` is how long they took (`resolvers.usage.slots`); the run is 0 where there is none.
    """

    __tablename__ = "content_usage"

    period: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    operation: Mapped[str] = mapped_column(text(64), primary_key=True)
    block_type: Mapped[str] = mapped_column(text(64), primary_key=True)
    outcome: Mapped[str] = mapped_column(text(64), primary_key=True)
    application: Mapped[str] = mapped_column(text(255), primary_key=True)
    username: Mapped[str] = mapped_column(text(255), primary_key=True)
    course_run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)
    blocks: Mapped[int] = mapped_column(BigInteger)


class ContentTotal(Base):
    """All operations ever, by what few values there are of: the counters of Prometheus, of all processes together."""

    __tablename__ = "content_total"

    operation: Mapped[str] = mapped_column(text(64), primary_key=True)
    block_type: Mapped[str] = mapped_column(text(64), primary_key=True)
    outcome: Mapped[str] = mapped_column(text(64), primary_key=True)
    application: Mapped[str] = mapped_column(text(255), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    micros: Mapped[int] = mapped_column(BigInteger)


class BlockTypeUse(Base):
    """That a run had blocks of a type, with a setting if that is not empty, in versions that brought or changed them.

    With a `code` it is a problem that was told of such blocks instead; then there are no versions.
    """

    __tablename__ = "block_type_use"

    block_type: Mapped[str] = mapped_column(text(64), primary_key=True)
    setting: Mapped[str] = mapped_column(text(255), primary_key=True)
    code: Mapped[str] = mapped_column(text(64), primary_key=True)
    course_run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)
    blocks: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)
    first_version: Mapped[str | None] = mapped_column(text(64))
    last_version: Mapped[str | None] = mapped_column(text(64))
