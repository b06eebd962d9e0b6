"""`collegium documents`: the documents that clients may name by their hashes, and that a locked server runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from server.applications.commands import changing

Files = Annotated[list[Path], typer.Argument(help="`.graphql` files with one document each, or JSON manifests.")]
Ids = Annotated[list[str], typer.Argument(help="Ids such as `sha256:…`, as `collegium documents list` shows them.")]


def group(command: Callable[..., Any]) -> typer.Typer:
    """The commands, declared by `command` (`server.cli.command`)."""
    documents = typer.Typer(
        help="Make documents known, which clients then name by their hashes.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
    )
    command(documents)(add)
    command(documents, "list")(list_all)
    command(documents)(remove)
    return documents


async def add(files: Files) -> None:
    """Make the documents in files known, all or none, once they fit the schema and the limits, and print their ids.

    Example: `collegium documents add dashboard/*.graphql build/persisted-documents.json`
    """
    from schema import schema
    from server.cli import read_settings
    from server.documents import store
    from server.documents.files import documents_in
    from server.documents.trusted import ALGORITHM, digest_of
    from server.operations import Documents
    from server.profiles import profile

    settings = read_settings()
    reader = Documents(schema()._schema, profile(settings))  # noqa: SLF001 -- what Strawberry calls graphql-core's schema
    texts = [found.text for path in files for found in documents_in(path)]
    documents = store.checked(texts, reader)
    new = await changing(settings, lambda session: store.add(session, documents))
    for text, name in documents.items():
        typer.echo(f"{ALGORITHM}{digest_of(text)}  {name}")
    typer.echo(f"{new} of {len(documents)} documents were new.", err=True)


async def list_all(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON, texts included.")] = False
) -> None:
    """List the known documents by the names of their operations.

    Example: `collegium documents list`
    """
    import orjson

    from server.cli import read_settings
    from server.documents.store import all_of
    from server.documents.trusted import ALGORITHM

    known = await changing(read_settings(), all_of)
    if as_json:
        entries = [{"id": f"{ALGORITHM}{each.digest}", "name": each.name, "text": each.source} for each in known]
        typer.echo(orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode())
    else:
        for each in known:
            typer.echo(f"{ALGORITHM}{each.digest}  {each.name}")


async def remove(ids: Ids) -> None:
    """Make documents unknown again, all or none.

    Example: `collegium documents remove sha256:0123456789abcdef…`
    """
    from server.cli import read_settings
    from server.documents import store

    await changing(read_settings(), lambda session: store.remove(session, ids))
