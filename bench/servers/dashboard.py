"""The dashboard by hand: one statement on PostgreSQL that gives what our query does, behind a bare ASGI application."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import make_url
from starlette.types import ASGIApp
from typing_extensions import override

from bench.servers.handwritten import Application, Postgresql

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


class Dashboards(Postgresql):
    """The statement, over a pool of driver connections."""

    @override
    async def text(self, operation: str, parameters: Sequence[Any]) -> str:
        text: str = await self._pool.fetchval(STATEMENT, *parameters)
        return text


def application(url: str) -> ASGIApp:
    return Application(Dashboards(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)))
