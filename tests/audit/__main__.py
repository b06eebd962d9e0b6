"""`make audit`: the public audits of GraphQL over HTTP, run by Node against a server over an empty database."""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from db.migrate import migrate
from server.app import create_app
from server.logs import configure
from server.settings import load
from tests.serving import serving

HERE = Path(__file__).parent


async def main() -> int:
    """Serve, audit, and give Node's exit code."""
    configure("warning", "console")  # each operation has a line
    with tempfile.TemporaryDirectory() as folder:
        settings = load(data_dir=Path(folder), profile="open", explorer=False, jwt_secret=None, jwt_public_keys=None)
        await migrate(settings.database_url)
        async with serving(create_app(settings)) as url:
            node = await asyncio.create_subprocess_exec("node", HERE / "audit.mjs", f"{url}/graphql")
            return await node.wait()


if __name__ == "__main__":
    subprocess.run(["npm", "ci", "--silent"], cwd=HERE, check=True)
    sys.exit(asyncio.run(main()))
