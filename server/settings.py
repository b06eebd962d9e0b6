"""The settings of the process: environment variables that begin with `COLLEGIUM_`, read once at start.

`docs/settings.md` lists them; a test holds the list equal to this module. There are no settings files.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL

from resolvers.allowance import POINTS
from resolvers.features import Feature
from server.kinds import (
    Accepted,
    Count,
    Database,
    Day,
    Folder,
    Folders,
    Hours,
    Instances,
    KeySet,
    LogFormat,
    LogLevel,
    Names,
    Numbers,
    Origins,
    Pairs,
    Port,
    Profile,
    Redis,
    Seconds,
    Secret,
    Site,
    Size,
    StrongSecret,
    Switch,
    Text,
)  # fmt: skip
from server.limits import Limits
from server.subscriptions.limits import StreamLimits

PREFIX = "COLLEGIUM_"
GIB = 1 << 30
MAY_BE_EMPTY = frozenset({"jwt_audience"})
"""Settings for which an empty text is a value; for all others it is as good as none."""


class SettingsError(Exception):
    """The settings cannot be used. `problems` has one line for each, naming its variable and what is accepted."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Settings(BaseSettings):
    """All settings of the process. Immutable, and without a secret in its `repr`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Folder = Field(Path(".collegium"), description="Folder for the files of the process; made when needed.")
    database_url: Database = Field(
        default_factory=lambda data: URL.create("sqlite+aiosqlite", database=str(data["data_dir"] / "collegium.db")),
        description="The database. Without it, an SQLite file in the data folder.",
    )

    blobs_url: Text | None = Field(
        None,
        description="Where the files of course content are: an s3://, gs://, az:// or file:// address. "
        "Without it, a folder in the data folder.",
    )

    max_upload: Size = Field(GIB, description="Bytes of one file that is uploaded.")
    upload_quota: Size = Field(4 * GIB, description="Bytes of all uploads of one user that are kept.")
    upload_lifetime: Hours = Field(
        86_400.0, description="How long uploads, and archives to be fetched, are kept after they were last used."
    )
    transfer_timeout: Hours = Field(
        3600.0, description="How long an import or export of content may take before it is given up."
    )

    host: Text = Field("127.0.0.1", description="Address that the server listens on.")
    port: Port = Field(8000, description="Port that the server listens on.")
    public_url: Site | None = Field(
        None, description="Address that the server is reached at from outside, for links to certificates."
    )
    profile: Profile = Field(
        "open",
        description="`open`: explorer, introspection, queries by GET. `locked`: none of these, only known documents.",
    )
    explorer: Switch = Field(
        default_factory=lambda data: data["profile"] == "open",
        description="Whether the explorer is served to browsers; never in the locked profile.",
    )
    allowed_origins: Origins = Field(
        (), description="Origins of the web pages, other than this server's own, that may send requests as their users."
    )
    metrics_token: Secret | None = Field(
        None, description="Whoever reads `/metrics` must send it as a bearer token; without it anybody may."
    )

    enable_programs: Switch = Field(default=True, description="Whether there are programs.")
    enable_contracts: Switch = Field(default=True, description="Whether there are contracts.")
    enable_content: Switch = Field(default=True, description="Whether there is course content.")
    enable_directories: Switch = Field(default=True, description="Whether there are course directories.")

    token_secret: StrongSecret | None = Field(
        None, description="What tokens of registered applications are signed with; without it they get none."
    )
    rate_limit: Count = Field(POINTS, description="Points that every user of every application has in a minute.")
    redis_url: Redis | None = Field(
        None, description="Where the points of all processes are counted together; without it each counts its own."
    )
    remember_documents: Switch = Field(
        default_factory=lambda data: data["profile"] == "open",
        description="Whether clients may have documents remembered under their hashes; never in the locked profile.",
    )

    max_body: Count = Field(Limits.body, description="Bytes of a request's body or query string.")
    max_tokens: Count = Field(Limits.tokens, description="Tokens of a document.")
    max_fields: Count = Field(Limits.fields, description="Fields of an operation with its fragments opened.")
    max_depth: Count = Field(Limits.depth, description="Levels of fields.")
    max_list_depth: Count = Field(Limits.list_depth, description="Lists within lists.")
    max_aliases: Count = Field(Limits.aliases, description="Aliases of an operation with its fragments opened.")
    max_root_fields: Count = Field(Limits.root_fields, description="Fields at the root of an operation.")
    max_directives: Count = Field(
        Limits.directives, description="Directives of an operation with its fragments opened."
    )
    max_introspection_depth: Count = Field(Limits.introspection_depth, description="Levels of fields in introspection.")
    max_cost: Count = Field(Limits.cost, description="Objects in the answer, at most, by the sizes of pages.")
    query_timeout: Seconds = Field(Limits.query_seconds, description="How long a query may take.")
    mutation_timeout: Seconds = Field(Limits.mutation_seconds, description="How long a mutation may take.")
    show_cost: Switch = Field(
        default=False, description="Whether every answer tells its cost, and not only those that are asked to."
    )

    max_streams: Count = Field(
        StreamLimits.connections, description="WebSockets and event streams that a process has open."
    )
    max_stream_operations: Count = Field(StreamLimits.operations, description="Operations that run on one WebSocket.")
    stream_idle: Hours = Field(
        StreamLimits.idle, description="How long a WebSocket without an operation may stay silent."
    )
    stream_lifetime: Hours = Field(StreamLimits.lifetime, description="How long a WebSocket or event stream may last.")

    lms_url: Site | None = Field(None, description="Base address of the LMS.")
    studio_url: Site | None = Field(None, description="Base address of Studio.")
    learning_url: Site | None = Field(
        None,
        description="Base address of the learning front end; without it `/course/…` leads nowhere.",
    )
    lms_client_id: Text | None = Field(
        None, description="Id of the OAuth application that the LMS gave this server; its user must be staff."
    )
    lms_client_secret: Secret | None = Field(None, description="Secret of that application.")
    lms_username: Text | None = Field(
        None, description="Whose view of the courses is read from the LMS; without it, that of the application's user."
    )
    lms_timeout: Annotated[float, Field(gt=0, le=600), Accepted("seconds, more than 0 and at most 600")] = Field(
        5.0, description="How long the LMS and Studio may stay silent before a call is given up."
    )

    clone_timeout: Seconds = Field(
        120.0, description="How long Studio may take to copy a course before it is looked for in place of the answer."
    )
    import_timeout: Seconds = Field(
        1800.0, description="How long Studio may take to import a course that was pushed to it, or to export one."
    )
    studio_username: Text | None = Field(
        None, description="User who signs in to Studio as people do, to pull content; without one that is not possible."
    )
    studio_password: Secret | None = Field(None, description="Password of that user.")
    instances: Instances = Field({}, description="Further Open edX instances that content is pushed to, by name.")
    open_end: Day = Field(
        date(2100, 1, 1),
        description="The end that Studio is given for runs without one, as it takes none without.",
    )

    lms_calls_per_minute: Count = Field(
        120,
        description="Calls of the LMS's enrollment lists in a minute at most; of several processes each gets its part.",
    )
    lms_patience: Seconds = Field(
        2.0, description="How long a request waits for what the LMS has of learners before older copies are shown."
    )
    enrollments_lifetime: Seconds = Field(
        300.0, description="How long copies of learners' enrollments are shown before the LMS is asked again."
    )
    certificates_lifetime: Annotated[
        float, Field(gt=0, le=86_400), Accepted("seconds, more than 0 and at most 86400")
    ] = Field(3600.0, description="The same for their certificates.")

    events_secret: Secret | None = Field(
        None, description="Secret that events of the LMS are signed with or sent with; without it none are taken."
    )
    webhook_url: Site | None = Field(
        None, description="Address that events about certificates of programs are sent to; without it none are."
    )
    webhook_secret: Secret | None = Field(None, description="Secret that they are signed with.")
    ecommerce_url: Site | None = Field(
        None, description="Base address of the shop in which learners enroll in what has a SKU; without it, the LMS."
    )

    jwt_secret: Secret | None = Field(
        None, description="Secret that the LMS signs HS256 tokens with (its `JWT_SECRET_KEY`)."
    )
    jwt_public_keys: KeySet | None = Field(
        None, description="Public keys for its RS256 and RS512 tokens (its `JWT_PUBLIC_SIGNING_JWK_SET`)."
    )
    jwt_audience: Annotated[Names | None, NoDecode] = Field(
        None, description="Audiences of which a token must name one. Set, but empty: the audience is not checked."
    )
    jwt_issuers: Annotated[Names | None, NoDecode] = Field(
        None, description="Issuers of which a token must name one, such as `https://lms.example.org/oauth2`."
    )
    jwt_leeway: Annotated[float, Field(ge=0, le=300), Accepted("seconds from 0 to 300")] = Field(
        1.0, description="How far the clocks of the LMS and of this server may differ."
    )
    authors: Names = Field(
        (), description="Usernames, compared with case, of program authors who are not staff of the LMS."
    )

    directory_roots: Folders = Field(
        (), description="Folders, each with a library's `sites`, that requests may synchronize; no others."
    )
    site_organizations: Pairs = Field(
        {}, description="Key of the organization of each site; by default the site's name."
    )
    site_parents: Pairs = Field({}, description="Parent of each site that has one.")
    directory_roles: Names = Field((), description="Roles that `role_info.json` may give beside those of the layout.")
    max_organizations_per_program: Annotated[int, Field(ge=0, le=1000), Accepted("number from 0 to 1000")] = Field(
        1, description="Organizations that a program may have; 0: any number."
    )
    one_program_per_course: Switch = Field(default=False, description="Whether a course may be in one program only.")

    run_jobs: Switch = Field(
        default_factory=lambda data: data["database_url"].get_backend_name() == "sqlite",
        description="Whether the server runs jobs itself; with PostgreSQL that is for `collegium worker` otherwise.",
    )
    job_concurrency: Annotated[int, Field(ge=1, le=1000), Accepted("number from 1 to 1000")] = Field(
        4, description="Jobs of one queue that a process runs at a time."
    )

    queue_concurrency: Numbers = Field(
        {}, description="The same of single queues, such as `content=8`; a process runs none of those that have 0."
    )

    usage_days: Annotated[int, Field(ge=1, le=3650), Accepted("number from 1 to 3650")] = Field(
        400, description="Days for which is kept how content was used."
    )

    lms_port: Port = Field(18000, description="Port of the simulated LMS.")
    studio_port: Port = Field(18010, description="Port of the simulated Studio.")

    log_level: LogLevel = Field("info", description="Least severity that is logged.")
    log_format: LogFormat = Field("console", description="Lines for people, or one JSON object a line for machines.")

    @property
    def features(self) -> frozenset[Feature]:
        """The parts of the product that are on."""
        return frozenset(feature for feature in Feature if getattr(self, f"enable_{feature.value}"))

    @property
    def usage_kept(self) -> timedelta:
        """How long is kept how content was used."""
        return timedelta(days=self.usage_days)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:
        """An empty variable is as good as none: compose files and the like cannot leave one out."""
        return {name: value for name, value in given.items() if value != "" or name in MAY_BE_EMPTY}

    @model_validator(mode="after")
    def _locked_is_locked(self) -> Self:
        """An explorer is of no use where introspection is not answered and no query of one's own is run."""
        if self.profile == "locked" and self.explorer:
            raise ValueError(f"{PREFIX}EXPLORER cannot be true where {PREFIX}PROFILE is locked")
        if self.profile == "locked" and self.remember_documents:
            raise ValueError(f"{PREFIX}REMEMBER_DOCUMENTS cannot be true where {PREFIX}PROFILE is locked")
        return self

    @model_validator(mode="after")
    def _studio_user_is_whole(self) -> Self:
        """A name alone signs nobody in."""
        if (self.studio_username is None) != (self.studio_password is None):
            raise ValueError(f"{PREFIX}STUDIO_USERNAME and {PREFIX}STUDIO_PASSWORD must be set together")
        return self

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> Self:
        """Whoever is told could not tell our events from forged ones."""
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError(f"{PREFIX}WEBHOOK_SECRET must be set where {PREFIX}WEBHOOK_URL is")
        return self

    @model_validator(mode="after")
    def _keys_have_rules(self) -> Self:
        """Keys alone would let in tokens that the LMS made for another service, or another LMS made."""
        if self.jwt_secret is None and self.jwt_public_keys is None:
            return self
        if self.jwt_audience is None:
            raise ValueError(
                f"{PREFIX}JWT_AUDIENCE must be set where keys for tokens are; set it empty to check no audience"
            )
        if not self.jwt_issuers:
            raise ValueError(f"{PREFIX}JWT_ISSUERS must be set where keys for tokens are")
        return self


def load(**given: Any) -> Settings:
    """The settings in the environment, with those `given` by field name in place of its own.

    Raises SettingsError with one line for each variable that is wrong.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_lines(error.errors(include_url=False, include_context=False))) from None


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """A line for each variable that has our prefix and names no setting: nobody reads it. Case does not matter."""
    known = [variable(name) for name in Settings.model_fields]
    strange = [name for name in sorted(environ) if name.upper().startswith(PREFIX) and name.upper() not in known]
    return [f"{name} is not a setting{_meant(name.upper(), known)}" for name in strange]


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def accepted(field: FieldInfo) -> Accepted:
    """What a setting takes: annotated to it, or to the type in `Annotated[…] | None`."""
    inner = [entry for part in getattr(field.annotation, "__args__", ()) for entry in getattr(part, "__metadata__", ())]
    return next(entry for entry in [*field.metadata, *inner] if isinstance(entry, Accepted))


def _meant(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.85)
    return f"; did you mean {near[0]}?" if near else ""


def _lines(errors: Iterable[ErrorDetails]) -> list[str]:
    """One line for each setting, for its first error."""
    lines: dict[object, str] = {}
    for error in errors:
        name = error["loc"][0] if error["loc"] else error["msg"]
        if error["type"] != "default_factory_not_called":
            lines.setdefault(name, _line(str(name), error))
    return list(lines.values())


def _line(name: str, error: ErrorDetails) -> str:
    reason = error["msg"].removeprefix("Value error, ")
    if name not in Settings.model_fields:
        return reason if not error["loc"] else f"{variable(name)} is not a setting"
    takes = accepted(Settings.model_fields[name])
    shown = "" if takes.hidden or "@" in str(error["input"]) else f"={_excerpt(error['input'])}"
    return f"{variable(name)}{shown}: {reason}; accepted: {takes.words}"


def _excerpt(value: object, length: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= length else f"{text[:length]}…"
