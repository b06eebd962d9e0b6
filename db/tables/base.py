"""What all tables have in common."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def folded(column: str) -> Callable[[Any], str]:
    """The default of a `…_folded` column: the case-folded text of another, immutable one."""
    return lambda context: str(context.get_current_parameters()[column]).casefold()


class Base(DeclarativeBase):
    """What every table has in common: names for constraints, so that migrations can alter them on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
