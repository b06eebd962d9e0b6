"""Where the store of course content is, by the settings."""

from db.engine import Database
from db.store import Store, open_blobs
from server.settings import Settings


def open_store(settings: Settings, database: Database) -> Store:
    """The store under `settings`. Raises BlobsUnavailable for a place of blobs that cannot be used."""
    return Store(database, open_blobs(settings.blobs_url or settings.data_dir / "blobs"))
