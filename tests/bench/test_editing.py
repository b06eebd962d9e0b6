import pytest

from bench import editing


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SEQUENCES": 1, "UNITS": 1, "COMPONENTS": 2, "EDITS": 4, "BATCHES": 1, "BATCH": 2}.items():
        monkeypatch.setattr(editing, name, value)
    monkeypatch.setattr(editing, "DATABASES", ["SQLite"])

    editing.main("15")

    printed = capsys.readouterr().out
    assert "SQLite: 16 blocks" in printed
    assert "2 changes: median" in printed
