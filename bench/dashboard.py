"""Measure the dashboard: our server's executor against one hand-written statement that gives the same, on PostgreSQL.

`python -m bench.dashboard` asks for the dashboards of 1, 100 and 1,000 learners in turn, each with twelve programs and
up to sixty runs. Copies are warm; a cold one costs the calls of the LMS that the tests count. Both run in this process.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

import asyncpg
import orjson
import uvloop
from sqlalchemy import make_url

from bench import learners
from bench.__main__ import new_database
from bench.data import Sizes, fill
from db.engine import open_database
from resolvers.access import Role, Viewer
from resolvers.learners import Learners, MirrorRules
from schema import schema
from server.app import settle_garbage_collection
from server.execution import Executor, Operation
from server.logs import configure
from tests.postgresql import postgresql

SECONDS = float(os.environ.get("BENCH_SECONDS", "1.5"))
ADMIN = Viewer("admin", frozenset(Role))
QUERY = """query Dashboard($username: String!) {
  programs(filter: { username: $username }) {
    nodes { id name status learner(username: $username) { progress { courses {
      course { key displayName } state runs { courseKey standing enrollmentMode certificateMode } } } } }
  }
}"""
STATEMENT = """
SELECT json_build_object('programs', json_build_object('nodes', coalesce(json_agg(program), '[]')))::text FROM (
  SELECT json_build_object('id', 'Program:' || p.uuid, 'name', p.name, 'status', upper(p.status), 'learner',
    json_build_object('progress', json_build_object('courses', (
      SELECT json_agg(json_build_object(
        'course', json_build_object('key', c.readable_id, 'displayName', c.display_name),
        'state', CASE WHEN of.counts THEN 'COMPLETED' WHEN of.going THEN 'IN_PROGRESS'
                      WHEN of.enrolled THEN 'EXPIRED' ELSE 'NOT_STARTED' END,
        'runs', of.runs) ORDER BY n.sequence)
      FROM program_requirement n JOIN course c ON c.id = n.course_id CROSS JOIN LATERAL (
        SELECT bool_or(r.standing = 'COUNTS') AS counts, bool_or(r.standing LIKE 'ENROLLED%') AS going,
          bool_or(r.enrolled IS NOT NULL) AS enrolled,
          json_agg(json_build_object('courseKey', r.key, 'standing', r.standing, 'enrollmentMode', r.enrolled,
            'certificateMode', r.certified) ORDER BY r.key) AS runs
        FROM (
          SELECT run.key, e.mode AS enrolled, k.mode AS certified, CASE
            WHEN k.is_passing AND k.mode = m.mode_slug THEN 'COUNTS'
            WHEN k.is_passing THEN 'PASSED_IN_OTHER_MODE' WHEN k.username IS NOT NULL THEN 'FAILED'
            WHEN e.username IS NULL THEN CASE WHEN run."end" IS NULL OR run."end" > now() THEN 'OPEN' ELSE 'CLOSED' END
            WHEN e.mode = m.mode_slug THEN 'ENROLLED'
            WHEN run."end" IS NULL OR run."end" > now() THEN 'ENROLLED_IN_OTHER_MODE'
            ELSE 'TOO_LATE_TO_UPGRADE' END AS standing
          FROM program_course_run_mode m JOIN course_run run ON run.id = m.course_run_id
          LEFT JOIN learner_enrollment e ON e.username = $1 AND e.course_key = run.key AND e.is_active
          LEFT JOIN learner_certificate k ON k.username = $1 AND k.course_key = run.key
          WHERE m.program_id = p.id AND run.course_id = n.course_id
        ) r
      ) of
      WHERE n.program_id = p.id
    )))) AS program
  FROM program p WHERE p.status <> 'deleted' AND EXISTS (
    SELECT 1 FROM program_user u WHERE u.program_id = p.id AND u.username = $1 AND u.status <> 'deleted')
  ORDER BY p.name_folded, p.uuid LIMIT 20
) found"""

Ask = Callable[[str], Awaitable[bytes]]


def main() -> None:
    """Fill a database, see that both answer alike, measure, and print."""
    configure("error", "json")
    with postgresql() as server:
        if server is None:
            print("The dashboard is left out: there is no PostgreSQL.")
            return
        with new_database(server) as url:
            uvloop.run(_compare(url, Sizes(organizations=50, courses_each=20, programs_each=40)))


async def _compare(url: str, sizes: Sizes) -> None:
    await fill(url, sizes)
    await learners.fill(url, sizes)
    database = open_database(url)
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    hour = timedelta(hours=1)
    executor = Executor(schema(), database, learners=Learners(database, rules=MirrorRules(hour, hour)))

    async def ours(username: str) -> bytes:
        result = await executor.execute(Operation(QUERY, "Dashboard", {"username": username}), ADMIN)
        return orjson.dumps(result.body())

    async def handwritten(username: str) -> bytes:
        return f'{{"data":{await connection.fetchval(STATEMENT, username)}}}'.encode()

    names = [learners.username(number) for number in range(learners.LEARNERS)]
    for name in names:  # associate, once, with what else the courses count for
        first = await ours(name)
    assert orjson.loads(first) == orjson.loads(await handwritten(names[-1]))
    settle_garbage_collection()
    print(f"dashboard: {len(first):,} bytes; requests a second")
    for count in (1, 100, learners.LEARNERS):
        rates = {ask.__name__: [await _rate(ask, names[:count]) for _ in range(3)] for ask in (ours, handwritten)}
        best = {name: max(found) for name, found in rates.items()}
        told = ", ".join(f"{name} {rate:,.0f}" for name, rate in best.items())
        print(f"{count:>5} learners: {told}; ours is {best['ours'] / best['handwritten']:.2f} of hand-written")
    await connection.close()
    await database.close()


async def _rate(ask: Ask, names: list[str]) -> float:
    began, count = time.perf_counter(), 0
    turn: Any = cycle(names)
    while time.perf_counter() - began < SECONDS:
        await ask(next(turn))
        count += 1
    await asyncio.sleep(0)
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
