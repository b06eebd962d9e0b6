"""What can go wrong with the data.

DatabaseError
├── DatabaseUnavailable    it cannot be reached or stopped answering
├── DatabaseBusy           a writer waited for its turn in vain; the same call may succeed later
│   └── WritersCrossed     two writers waited for each other, and this one gave way
├── DatabaseNotMigrated    its tables are not those of this version
└── NaiveDatetime          a time without a zone was about to be stored
"""


class DatabaseError(Exception):
    """A fault of the database, never of the request."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached or stopped answering."""


class DatabaseBusy(DatabaseError):
    """A writer waited for its turn in vain; the same call may succeed later."""


class WritersCrossed(DatabaseBusy):
    """Two writers waited for each other, and this one gave way: nothing was written, and it may begin again at once."""


class DatabaseNotMigrated(DatabaseError):
    """The tables are not those of this version; `collegium migrate` makes them so."""


class NaiveDatetime(DatabaseError, ValueError):
    """A time without a zone was about to be stored."""
