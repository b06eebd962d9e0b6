"""PostGraphile 5 from npm, as in production, with lists in place of connections and our shape of answers."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
from sqlalchemy import make_url

FOLDER = Path(__file__).parent
NODE = FOLDER / "node_modules" / ".bin" / "node"

COURSE = "id: readableId key: readableId displayName"
ORGANIZATION = "{ key displayName }"
RUNS = "runs: courseRunsByCourseIdList(first: 20, orderBy: KEY_ASC) { key displayName start end pacing }"
PROGRAM = f"id: uuid name subtitle status updatedAt organizations: organizationsList {ORGANIZATION}"
OFFERED = f"{COURSE} organization: organizationByOrganizationId {ORGANIZATION}"

TEXTS: Mapping[str, str] = {
    "Programs": f"""query Programs($category: String!, $first: Int!) {{
      programs: catalogProgramsList(category: $category, first: $first) {{
        {PROGRAM} courses: coursesList {{ {OFFERED} {RUNS} }}
      }}
    }}""",
    "Program": f"""query Program($id: String!) {{
      program: catalogProgram(id: $id) {{ {PROGRAM} courses: coursesList {{ {OFFERED} }} }}
    }}""",
    "Courses": f"""query Courses($org: String!) {{
      courses: catalogCoursesList(org: $org, first: 50) {{ {COURSE} {RUNS} }}
    }}""",
}
"""What it is asked, by the names of our operations."""


def install() -> None:
    """Install it, and Node 24, from the lock file. Needs npm."""
    subprocess.run(["npm", "ci", "--silent"], cwd=FOLDER, check=True)


def prepare(url: str) -> None:
    """Add its functions to the database at `url`."""
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute((FOLDER / "fields.sql").read_bytes())


def command() -> list[str]:
    """What serves it; where npm has no Node for the machine, the system's is taken."""
    return [str(NODE if NODE.exists() else "node"), str(FOLDER / "serve.mjs")]


def environment(url: str) -> dict[str, str]:
    """Its environment for the database at `url`."""
    return {**os.environ, "NODE_ENV": "production", "GRAPHILE_ENV": "production", "DATABASE_URL": _plain(url)}


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
