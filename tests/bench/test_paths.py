import pytest

from bench import paths


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SECONDS", 0.01)

    paths.main()

    assert "resolutions a second" in capsys.readouterr().out
