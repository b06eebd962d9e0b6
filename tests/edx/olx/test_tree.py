import pytest

from edx.olx import ArchiveRefused, Code, Options, Severity, files
from edx.olx.tree import MAX_LEVELS
from tests.edx.olx.twins import INLINE, block_of, exported, parsed, problem_of, report_of, unit

VERTICAL = b'<vertical display_name="Unit">%s</vertical>'


def test_pointers_are_followed_from_file_to_file() -> None:
    source = unit(VERTICAL % b'<html url_name="a:b"/>', html__a__b=b"<html>text</html>")
    found = parsed(source)
    assert [str(block.key) for block in found.course.root.walk()] == [
        "course/R", "chapter/c", "sequential/s", "vertical/v", "html/a:b",
    ]  # fmt: skip
    block = block_of(found, "html/a:b")
    assert (block.markup, block.is_inline, block.display_name) == (b"text", False, "a:b")
    assert str(block.place) == "html/a/b.xml:1:1"
    assert found.report.problems == ()


def test_inline_blocks_are_read_where_they_stand() -> None:
    found = parsed(INLINE)
    html = block_of(found, "html/h")
    assert (html.markup, html.is_inline, html.name_is_synthetic) == (b"<p>x &amp; y</p>", True, False)
    [problem] = [block for block in found.course.root.walk() if block.type == "problem"]
    assert problem.name_is_synthetic
    assert problem.markup == b"<script>1 &lt; 2</script>"
    assert block_of(found, "chapter/A_chapter").name_is_synthetic


def test_a_page_stands_beside_its_definition() -> None:
    """The notes on OLX, §1.5 F21: in the folder of the block's name, under any file name, shared or not."""
    source = unit(
        VERTICAL % b'<html url_name="d:one"/><html url_name="d:two"/>',
        html__d__one=b'<html filename="body" editor="raw"/>',
        html__d__two=b'<html filename="body"/>',
    ) | {"html/d/body.html": b"<p>"}
    found = parsed(source)
    for name in ("html/d:one", "html/d:two"):
        body = block_of(found, name).body
        assert body is not None
        assert (body.path, body.blob.read()) == ("html/d/body.html", b"<p>")
    assert exported(found) == source


def test_a_page_named_with_its_ending_is_found() -> None:
    """The notes on OLX, §1.5 F21: `toyhtml.html` is tried as `toyhtml.html.html` first."""
    source = unit(VERTICAL % b'<html url_name="a"/>', html__a=b'<html filename="toy.html"/>') | {"html/toy.html": b""}
    body = block_of(parsed(source), "html/a").body
    assert body is not None
    assert body.path == "html/toy.html"


def test_a_page_that_is_not_utf_8_is_kept_with_a_warning() -> None:
    source = unit(VERTICAL % b'<html url_name="a"/>', html__a=b'<html filename="a"/>') | {"html/a.html": b"\xe9"}
    problem = problem_of(source, Code.ENCODING, Severity.WARNING)
    assert problem.place.file == "html/a.html"
    assert exported(parsed(source)) == source


def test_what_stands_in_a_problem_is_no_block() -> None:
    """The notes on OLX, §1.5 F22."""
    markup = b'<problem display_name="P"><html url_name="x"/><!-- c --> <script type="a">1</script></problem>'
    block = block_of(parsed(unit(VERTICAL % b'<problem url_name="p"/>', problem__p=markup)), "problem/p")
    assert block.children == ()
    assert block.markup == b'<html url_name="x"/><!-- c --> <script type="a">1</script>'
    assert block.settings == (("display_name", "P"),)


def test_an_unknown_type_is_kept_as_it_is_unless_it_is_declared_a_container() -> None:
    """The notes on OLX, §1.5 F32."""
    source = unit(VERTICAL % b'<odd url_name="o"><html url_name="h"> x </html></odd>')
    found = parsed(source)
    assert block_of(found, "odd/o").markup == b'<html url_name="h"> x </html>'
    assert [problem.code for problem in found.report.problems] == [Code.UNKNOWN_TYPE]
    declared = parsed(source, options=Options(containers=frozenset({"odd"})))
    assert block_of(declared, "html/h").markup == b" x "
    assert exported(declared) == source


def test_an_unknown_type_may_have_a_file_of_its_own() -> None:
    found = parsed(unit(VERTICAL % b'<odd url_name="o"/>', odd__o=b"<odd><x/></odd>"))
    assert block_of(found, "odd/o").markup == b"<x/>"


def test_fields_and_asides_are_no_children_of_a_container() -> None:
    """The notes on OLX, §1.5 F30 and F33; they stay in the container's markup."""
    option = b'<o:x xmlns:o="http://code.edx.org/xblock/option">1</o:x>'
    inner = b'<show sources="i4x://a"/>' + option + b'<a xblock-family="xblock_asides.v1"/>'
    source = unit(
        VERTICAL % b'<conditional url_name="c" sources="x">%s<html url_name="h">t</html></conditional>' % inner
    )
    block = block_of(parsed(source), "conditional/c")
    assert [str(child.key) for child in block.children] == ["html/h"]
    assert block.markup.splitlines() == [
        b'<show sources="i4x://a"/>',
        option,
        b'<a xblock-family="xblock_asides.v1"/>',
    ]


def test_files_of_2012_are_found_by_the_file_name_in_the_tag() -> None:
    """The notes on OLX, §1.3 F10: the tag's attributes win over those of the file."""
    tag = b'<problem filename="old" url_name="p" display_name="Tag"/>'
    source = unit(VERTICAL % tag, problem__old=b'<problem display_name="File" rerandomize="never"/>')
    found = parsed(source)
    block = block_of(found, "problem/p")
    assert block.settings == (("display_name", "File"), ("rerandomize", "never"))
    assert (block.display_name, block.get("rerandomize")) == ("Tag", "never")
    assert exported(found) == source


def test_two_tags_of_2012_may_set_one_block_up_differently() -> None:
    """The notes on OLX, §1.3 F10."""
    tag = b'<problem filename="old" url_name="p" display_name="%s"/>'
    source = unit(VERTICAL % (tag % b"A" + tag % b"B"), problem__old=b"<problem/>")
    found = parsed(source)
    assert [child.display_name for child in block_of(found, "vertical/v").children] == ["A", "B"]
    assert exported(found) == source


def test_an_old_name_is_no_setting() -> None:
    """The notes on OLX, §1.4 F16: `slug`."""
    block = block_of(parsed(unit(VERTICAL % b'<html slug="h" x="y">t</html>')), "html/h")
    assert (block.settings, block.name_is_synthetic) == ((("x", "y"),), False)


def test_a_block_with_two_parents_is_one_block() -> None:
    """The notes on OLX, §1.4 F17."""
    source = unit(VERTICAL % b'<html url_name="h"/>', html__h=b"<html>x</html>")
    source["sequential/s.xml"] = b'<sequential><vertical url_name="v"/><vertical url_name="w"/></sequential>'
    source["vertical/w.xml"] = VERTICAL % b'<html url_name="h"/>'
    found = parsed(source)
    first, second = found.course.root.children[0].children[0].children
    assert first.children[0] is second.children[0]
    assert exported(found) == source


def test_equal_inline_blocks_of_one_name_are_one_block() -> None:
    """The notes on OLX, §1.4 F17."""
    source = unit(VERTICAL % b'<html url_name="h">x</html><html url_name="h">x</html><problem/><problem/>')
    children = block_of(parsed(source), "vertical/v").children
    assert children[0] is children[1]
    assert children[2] is children[3]


def test_different_blocks_that_we_would_call_alike_get_different_names() -> None:
    source = unit(VERTICAL % b'<html display_name="Intro">1</html><html display_name="Intro">2</html>')
    first, second = block_of(parsed(source), "vertical/v").children
    assert first.url_name == "Intro"
    assert second.url_name.startswith("Intro_")
    assert block_of(parsed(source), "vertical/v").children == (first, second)


def test_a_name_that_we_make_up_gives_way_to_a_file_of_that_name() -> None:
    source = unit(VERTICAL % b'<html display_name="h"/><html url_name="h"/>', html__h=b"<html>x</html>")
    found = parsed(source)
    inline, pointed = block_of(found, "vertical/v").children
    assert (inline.url_name[:2], inline.settings) == ("h_", (("display_name", "h"),))
    assert (pointed.url_name, pointed.markup) == ("h", b"x")
    assert exported(found) == source


def test_different_blocks_of_one_name_are_refused_naming_both_places() -> None:
    """The notes on OLX, §1.12: Open edX renames the second and then does not find its file."""
    source = unit(VERTICAL % b'<html url_name="h">1</html>\n<html url_name="h">2</html>')
    problem = problem_of(source, Code.DUPLICATE_NAME)
    assert str(problem) == (
        "vertical/v.xml:2:1: another <html> is called 'h', at vertical/v.xml:1:31 "
        "(in Course > Chapter > Sequence > Unit)"
    )
    mixed = unit(VERTICAL % b'<html url_name="h"/>\n<html url_name="h">2</html>', html__h=b"<html/>")
    assert str(problem_of(mixed, Code.DUPLICATE_NAME).place) == "vertical/v.xml:2:1"
    other = unit(VERTICAL % b'<html url_name="h">2</html>\n<html url_name="h"/>', html__h=b"<html/>")
    assert str(problem_of(other, Code.DUPLICATE_NAME).place) == "vertical/v.xml:2:1"


def test_one_name_in_two_types_is_no_duplicate() -> None:
    """The notes on OLX, §1.4 F13."""
    assert parsed(unit(VERTICAL % b'<html url_name="v">x</html><edx_sga url_name="v"/>')).report.problems == ()


def test_a_syntax_error_names_the_file_and_the_unit_that_contains_it() -> None:
    """The notes on OLX, §2.8 X2; spec/content-api.md, "Error Handling": with the offending unit identified."""
    source = unit(VERTICAL % b'<problem url_name="ab"/>', problem__ab=b"<problem>\n <p></problem>")
    problem = problem_of(source, Code.SYNTAX)
    assert problem.place == ("problem/ab.xml", 2, 7)
    assert problem.block == ("problem", "ab")
    assert problem.breadcrumb == ("Course", "Chapter", "Sequence", "Unit", "ab")
    assert problem.hint == "<p> of line 2 is open here"


def test_all_errors_are_reported_together() -> None:
    """The notes on OLX, §2.8 X1."""
    source = unit(
        VERTICAL % b'<problem url_name="a"/><problem url_name="b"/><html url_name="c"/><html url_name="d"/>',
        problem__a=b"<problem>",
        problem__b=b"<!DOCTYPE x><problem/>",
        html__d=b'<html filename="d"/>',
    )
    codes = [problem.code for problem in report_of(source).problems]
    assert codes == [Code.SYNTAX, Code.DOCTYPE, Code.MISSING_FILE, Code.MISSING_FILE]


def test_a_broken_file_that_two_parents_point_to_is_reported_once() -> None:
    source = unit(VERTICAL % b'<problem url_name="a"/><problem url_name="a"/>', problem__a=b"<problem>")
    assert problem_of(source, Code.SYNTAX).breadcrumb[-1] == "a"


def test_a_pointer_to_nothing_is_refused_with_the_line_of_the_pointer() -> None:
    """The notes on OLX, §1.3 F11: Open edX drops the block and says that all went well."""
    problem = problem_of(unit(b'<vertical>\n  <html url_name="gone"/></vertical>'), Code.MISSING_FILE)
    assert problem.message == "<html url_name='gone'/> points to html/gone.xml, which is not in the archive"
    assert problem.place == ("vertical/v.xml", 2, 3)


def test_a_pointer_to_nothing_is_kept_if_so_wished() -> None:
    """The notes on OLX, §1.3 F11."""
    source = unit(VERTICAL % b'<html url_name="gone"/><html url_name="h"/>', html__h=b'<html filename="gone"/>')
    found = parsed(source, options=Options(allow_missing=True))
    assert block_of(found, "html/gone").is_missing
    assert {problem.severity for problem in found.report.problems} == {Severity.WARNING}
    assert exported(found) == source


@pytest.mark.parametrize("tag", [b'<discussion url_name="x"/>', b'<done url_name="x"/>', b'<odd url_name="x"/>'])
def test_types_without_files_may_look_like_pointers(tag: bytes) -> None:
    """The notes on OLX, §1.5 F25."""
    source = unit(VERTICAL % tag)
    block = block_of(parsed(source), "vertical/v").children[0]
    assert (block.is_inline, block.is_missing, block.settings) == (True, False, ())
    assert exported(parsed(source)) == source


def test_a_type_without_files_that_looks_like_a_pointer_defines_a_block_all_the_same() -> None:
    source = unit(VERTICAL % b'<done url_name="x" align="left"/><done url_name="x"/>')
    assert problem_of(source, Code.DUPLICATE_NAME).place == ("vertical/v.xml", 1, 64)


def test_a_pointer_never_means_an_inline_block() -> None:
    source = unit(VERTICAL % b'<html url_name="x">inline</html><html url_name="x"/>')
    assert problem_of(source, Code.DUPLICATE_NAME).place.column == 63


def test_a_tag_with_more_than_a_name_would_hide_its_file() -> None:
    """The notes on OLX, §1.12: Open edX makes an empty unit of it and ignores the file."""
    source = unit(VERTICAL % b'<html url_name="h" display_name="H"/>', html__h=b"<html>x</html>")
    problem = problem_of(source, Code.INVALID_POINTER)
    assert problem.message.endswith("so html/h.xml would be ignored")
    assert problem.hint == "move the attributes into the file"
    root = unit(VERTICAL % b"") | {"course.xml": b'<course url_name="R" course="C"/>'}
    assert problem_of(root, Code.INVALID_POINTER).place.file == "course.xml"


@pytest.mark.parametrize(
    ("further", "path"),
    [
        ({"vertical__v": b'<vertical><vertical url_name="v"/></vertical>'}, "vertical/v > vertical/v"),
        (
            {
                "vertical__v": b'<vertical><wrapper url_name="w"/></vertical>',
                "wrapper__w": b'<wrapper><vertical url_name="v"/></wrapper>',
            },
            "vertical/v > wrapper/w > vertical/v",
        ),
        ({"vertical__v": b'<vertical><vertical url_name="v"><html/></vertical></vertical>'}, "vertical/v > vertical/v"),
    ],
)  # fmt: skip
def test_a_block_inside_itself_is_refused_with_the_way(further: dict[str, bytes], path: str) -> None:
    """The notes on OLX, §1.10 and §1.12."""
    problem = problem_of(unit(b"", **further), Code.CYCLE)
    assert problem.message == f"the block contains itself: {path}"


def test_blocks_nested_too_deep_are_refused() -> None:
    """The notes on OLX, §1.10."""
    lowest = MAX_LEVELS - 5  # below the course, the section, the sequence, the unit and `w0`
    chain = {
        f"wrapper__w{level}": b'<wrapper><wrapper url_name="w%d"/></wrapper>' % (level + 1) for level in range(lowest)
    }
    deepest = unit(VERTICAL % b'<wrapper url_name="w0"/>', **chain) | {f"wrapper/w{lowest}.xml": b"<wrapper/>"}
    assert report_of(deepest).problems == ()

    further = {f"wrapper/w{lowest}.xml": b'<wrapper><html url_name="h"/></wrapper>', "html/h.xml": b"<html/>"}
    problem = problem_of(deepest | further, Code.TOO_DEEP)
    assert (problem.severity, problem.block) == (Severity.ERROR, ("html", "h"))


def test_blocks_shared_at_every_level_cost_no_more_than_they_are() -> None:
    """2 to the power of 40 ways lead down here."""
    chain = {
        f"wrapper__w{level}": b'<wrapper><wrapper url_name="w%d"/><wrapper url_name="w%d"/></wrapper>'
        % (level + 1, level + 1)
        for level in range(40)
    }
    source = unit(VERTICAL % b'<wrapper url_name="w0"/>', **chain, wrapper__w40=b"<wrapper/>")
    found = parsed(source)
    assert len(list(found.course.root.walk())) == 4 + 41
    assert len(list(files(found.course))) == len(source)


@pytest.mark.parametrize("name", [b"../../etc/passwd", b"..", b"a&#10;b", b"", b"a:..:b"])
def test_a_name_that_could_lead_anywhere_is_refused(name: bytes) -> None:
    for tag in (b'<html url_name="%s"/>', b'<problem url_name="%s" filename="x"/>'):
        if name or b"filename" not in tag:
            problem = problem_of(unit(VERTICAL % (tag % name)), Code.INVALID_NAME)
            assert problem.severity is Severity.ERROR
            assert "cannot be the name of a block" in problem.message


def test_a_name_that_no_key_holds_is_kept_with_a_warning() -> None:
    """The notes on OLX, §1.4 F14 and F15."""
    source = unit(VERTICAL % b'<html url_name="a\xc2\xa0b"/>') | {"html/a\xa0b.xml": b"<html/>"}
    assert exported(parsed(source)) == source
    assert "contains '\\xa0'" in problem_of(source, Code.INVALID_NAME, Severity.WARNING).message


def test_a_block_without_a_name_whose_learners_lose_their_answers_is_warned_of() -> None:
    """The notes on OLX, §1.4 F16."""
    source = unit(VERTICAL % b'<problem>x</problem><html>y</html><problem display_name="n"/>')
    assert problem_of(source, Code.UNNAMED, Severity.WARNING).place.column == 31


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (b"<problem/>", Code.TAG_MISMATCH),
        (b'<html url_name="other">x</html>', Code.NAME_MISMATCH),
        (b'<html url_name="other"/>', Code.POINTER_TO_POINTER),
    ],
)
def test_a_definition_that_contradicts_its_pointer_is_kept_with_a_warning(definition: bytes, code: Code) -> None:
    """The notes on OLX, §1.3 F8 and F9: the pointer's word counts, and pointers are not followed twice."""
    source = unit(VERTICAL % b'<html url_name="h"/>', html__h=definition, html__other=b"<html>o</html>")
    assert problem_of(source, code, Severity.WARNING).place.file == "html/h.xml"
    assert block_of(parsed(source), "html/h").type == "html"
    assert exported(parsed(source)) == source


def test_a_unit_whose_file_only_names_it_is_warned_of() -> None:
    problem = problem_of(unit(b'<vertical url_name="v"/>'), Code.POINTER_TO_POINTER, Severity.WARNING)
    assert (problem.place.file, problem.block) == ("vertical/v.xml", ("vertical", "v"))
    assert problem.message == "the file only points to a block again, which is not followed"


def test_a_video_that_names_itself_is_as_it_should_be() -> None:
    """The notes on OLX, §1.3 F9: videos always do."""
    found = parsed(unit(VERTICAL % b'<video url_name="f"/>', video__f=b'<video url_name="f" youtube="1.00:x"/>'))
    assert found.report.problems == ()
    assert block_of(found, "video/f").settings == (("youtube", "1.00:x"),)


def test_text_in_a_container_is_kept_with_a_warning() -> None:
    """The notes on OLX, §1.12: Open edX loses it silently."""
    source = unit(VERTICAL % b"hello")
    assert problem_of(source, Code.UNEXPECTED_TEXT, Severity.WARNING).block == ("vertical", "v")
    assert exported(parsed(source)) == source


def test_nothing_that_is_refused_comes_out() -> None:
    with pytest.raises(ArchiveRefused, match="which is not in the archive"):
        parsed(unit(VERTICAL % b'<html url_name="gone"/>'))
