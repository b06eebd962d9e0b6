"""Small courses written by hand, in the shapes of real ones, and archives made of them."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

from edx.olx import ArchiveRefused, Block, Code, Options, Parsed, Problem, Report, Severity, files, parse, read

Files = Mapping[str, bytes]

COURSE: Files = {
    "course.xml": b'<course url_name="course" org="Twin" course="T1"/>\n',
    "course/course.xml": b'<course display_name="Twins" start="&quot;2030-01-01T00:00:00Z&quot;">\n'
    b'  <chapter url_name="one"/>\n  <chapter url_name="two"/>\n  <wiki slug="Twin.T1"/>\n</course>\n',
    "chapter/one.xml": b'<chapter display_name="One"><!-- kept -->\n  <sequential url_name="first"/>\n</chapter>\n',
    "chapter/two.xml": b"<chapter display_name='Two'/>",
    "sequential/first.xml": b'<sequential display_name="First" format="Homework" graded="true">\n'
    b'  <vertical url_name="u1"/>\n  <vertical url_name="u2"/>\n</sequential>\n',
    "vertical/u1.xml": b'<?xml version="1.0" encoding="UTF-8"?>\n<vertical display_name="Unit 1">\n'
    b'  <html url_name="page"/>\n'
    b'  <problem url_name="sum"/>\n  <video url_name="film"/>\n  <discussion url_name="talk"/>\n'
    b'  <poll url_name="ask" xblock-family="xblock.v1" question="a&#10;b"/>\n</vertical>\n',
    "vertical/u2.xml": b'<vertical display_name="Unit 2">\r\n  <html url_name="page"/>\r\n'
    b'  <scorm url_name="odd"><chapter x = "1"/></scorm>\r\n</vertical>',
    "html/page.xml": b'<html filename="body" display_name="Page" editor="raw"/>\n',
    "html/body.html": b"<p>Hello &nbsp; <img src='/static/Green_leaf.png'></p>",
    "problem/sum.xml": b'<problem display_name="Sum" markdown="null">\n<pre>\n 1 +  1</pre><![CDATA[<]]>\n</problem>\n',
    "video/film.xml": b'<video url_name="film" youtube="1.00:abc"><transcript language="en" src="film.srt" />'
    b"</video>\n",
    "policies/course/policy.json": b'{"course/course": {"display_name": "Twins", "tabs": []},'
    b' "chapter/one": {"start": 1}}',
    "policies/course/grading_policy.json": b'{"GRADER": [{"type": "Homework", "weight": 1.0, "min_count": 1,'
    b' "drop_count": 0}], "GRADE_CUTOFFS": {"Pass": 0.5}}',
    "policies/assets.json": b'{"Green_leaf.png": {"displayname": "Green leaf.png", "import_path": null,'
    b' "locked": true}}',
    "assets/assets.xml": b"<assets/>\n",
    "static/Green leaf.png": b"\x89PNG",
    "static/film-en.srt": b"1\n",
    "static/sub/deep.css": b"",
    "about/overview.html": b"",
    "about/course/overview.html": b"mine",
    "info/updates.html": b"<ol/>",
    "tabs/extra.html": b"tab",
    "video/lost.xml": b"<video/>",
    "README": b"read me",
}
"""A run called `course`, the trap for whoever looks for course.xml depth first."""

LIBRARY: Files = {
    "library.xml": b'<library url_name="library" xblock-family="xblock.v1" display_name="Bank" org="Twin"'
    b' library="B1">\n  <problem url_name="a"/>\n</library>\n',
    "problem/a.xml": b"<problem/>\n",
    "policies/assets.json": b"{}",
}

INLINE: Files = {
    "course.xml": b"""<?xml version='1.0'?>
<!-- by hand -->
<course org='Twin' course="T2" url_name="R" display_name="Inline" >
  <chapter display_name="A chapter">
    <sequential url_name="s">
      <vertical url_name="v"><html url_name="h"><p>x &amp; y</p></html>
      <problem><script>1 &lt; 2</script></problem></vertical>
    </sequential>
  </chapter>
</course>
""",
}
"""A course in one file, as mitx-grading-library is."""


def tarred(files: Files, *, packed: bool = True, prefix: str = "") -> BinaryIO:
    """A tar archive of files."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for path, data in files.items():
            info = tarfile.TarInfo(prefix + path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    data = target.getvalue()
    return io.BytesIO(gzip.compress(data) if packed else data)


def zipped(files: Files, prefix: str = "") -> BinaryIO:
    """A zip archive of files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(prefix + path, data)
    target.seek(0)
    return target


def parsed(files: Files, *, options: Options | None = None, prefix: str = "") -> Parsed:
    """The course in an archive of these files."""
    return parse(read(tarred(files, prefix=prefix)), options=options or Options())


def exported(found: Parsed) -> dict[str, bytes]:
    """The files of a course, as they would be exported."""
    return {file.path: file.blob.read() for file in files(found.course)}


def report_of(source: Files, options: Options | None = None) -> Report:
    """What is found in an archive of these files, whether it is refused or not."""
    try:
        return parsed(source, options=options).report
    except ArchiveRefused as refused:
        return refused.report


def problem_of(source: Files, code: Code, severity: Severity = Severity.ERROR) -> Problem:
    """The one problem of this kind in an archive of these files."""
    [found] = [problem for problem in report_of(source).problems if problem.code is code]
    assert found.severity is severity
    return found


def refused(source: BinaryIO) -> list[tuple[Code, str]]:
    """Code and path of each error for which `read` refuses an archive."""
    try:
        read(source)
    except ArchiveRefused as error:
        return [
            (problem.code, problem.place.file)
            for problem in error.report.problems
            if problem.severity is Severity.ERROR
        ]
    return []


def block_of(found: Parsed, name: str) -> Block:
    """The block of a name, such as `html/page`."""
    [block] = [block for block in found.course.root.walk() if str(block.key) == name]
    return block


def unit(markup: bytes, **further: bytes) -> dict[str, bytes]:
    """A course with one unit, `vertical/v.xml`; keyword `html__x` is the file `html/x.xml`."""
    return {
        "course.xml": b'<course url_name="R" org="O" course="C"/>',
        "course/R.xml": b'<course display_name="Course"><chapter url_name="c"/></course>',
        "chapter/c.xml": b'<chapter display_name="Chapter"><sequential url_name="s"/></chapter>',
        "sequential/s.xml": b'<sequential display_name="Sequence"><vertical url_name="v"/></sequential>',
        "vertical/v.xml": markup,
        **{f"{name.replace('__', '/')}.xml": data for name, data in further.items()},
    }
