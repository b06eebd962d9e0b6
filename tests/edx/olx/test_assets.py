import orjson
import pytest

from edx.olx import Assets, Code, Severity
from tests.edx.olx.twins import COURSE, exported, parsed, problem_of, unit


def test_an_asset_has_the_name_of_its_file_and_the_key_of_its_entry() -> None:
    """The notes on OLX, §1.8 F44."""
    by_path = {asset.file.path: asset for asset in parsed(COURSE).course.assets}
    leaf = by_path["static/Green leaf.png"]
    assert (leaf.key, leaf.name, leaf.is_locked) == ("Green_leaf.png", "Green leaf.png", True)
    assert leaf.entry is not None


def test_a_file_without_an_entry_gets_the_key_that_open_edx_would_give_it() -> None:
    """The notes on OLX, §1.5 F24: so it is with transcripts."""
    by_path = {asset.file.path: asset for asset in parsed(COURSE).course.assets}
    assert (by_path["static/film-en.srt"].key, by_path["static/film-en.srt"].entry) == ("film-en.srt", None)
    assert by_path["static/sub/deep.css"].key == "sub_deep.css"


@pytest.mark.parametrize(
    "link", ["Green leaf.png", "Green_leaf.png", "Green%20leaf.png", "sub/deep.css", "sub_deep.css"]
)
def test_a_link_finds_its_asset_under_any_of_its_names(link: str) -> None:
    """The notes on OLX, §1.8 F44."""
    assets = Assets(parsed(COURSE).course.assets)
    assert assets.find(link) is not None
    assert assets.find(f"{link}x") is None


def test_an_asset_of_a_folder_is_found_by_where_it_was_imported_from() -> None:
    """The notes on OLX, §1.8 F44: `import_path`."""
    entry = {"displayname": "a b.png", "import_path": "sub/other.png"}
    source = unit(b"<vertical/>") | {
        "static/sub/a b.png": b"",
        "policies/assets.json": orjson.dumps({"sub_a_b.png": entry}),
    }
    [asset] = parsed(source).course.assets
    assert (asset.key, asset.name, asset.entry) == ("sub_a_b.png", "a b.png", entry)


def test_an_entry_that_is_none_is_passed_over() -> None:
    source = unit(b"<vertical/>") | {"static/a.png": b"", "policies/assets.json": b'{"a.png": 3}'}
    [asset] = parsed(source).course.assets
    assert (asset.key, asset.entry) == ("a.png", None)


def test_an_entry_without_a_file_is_reported() -> None:
    """The notes on OLX, §5: 58 entries of one real course have none."""
    source = {**COURSE, "policies/assets.json": b'{"gone.png": {"displayname": "gone.png"}}'}
    assert problem_of(source, Code.MISSING_FILE, Severity.INFO).message.endswith("there is no static/gone.png")


@pytest.mark.parametrize("listed", [b"oops", b"[]"])
def test_a_broken_list_of_assets_is_a_warning_and_is_kept(listed: bytes) -> None:
    source = {**COURSE, "policies/assets.json": listed}
    assert problem_of(source, Code.INVALID_JSON, Severity.WARNING).place.file == "policies/assets.json"
    assert exported(parsed(source)) == source
