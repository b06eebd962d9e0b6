"""Where the store of course content is, and what may be sent to it, by the settings."""

from datetime import timedelta

from db.engine import Database
from db.store import Store, open_blobs
from resolvers.content.uploads import Limits
from server.settings import Settings


def open_store(settings: Settings, database: Database) -> Store:
    """The store under `settings`. Raises BlobsUnavailable for a place of blobs that cannot be used."""
    return Store(database, open_blobs(settings.blobs_url or settings.data_dir / "blobs"))


def upload_limits(settings: Settings) -> Limits:
    """What may be uploaded, and for how long it is kept."""
    return Limits(settings.max_upload, settings.upload_quota, timedelta(seconds=settings.upload_lifetime))
