"""What goes to the terminal is shown as it is."""

from io import StringIO

from seimbang import progress


def test_names_with_brackets_are_no_markup(monkeypatch):
    monkeypatch.setattr(progress.out, "_file", screen := StringIO())
    monkeypatch.setattr(progress.out, "_force_terminal", True)
    progress.table("Predictions [test]", ("image",), [("scan [final].png",), ("a[/b].png",)])
    progress.say("[bold]")
    for text in ("[test]", "scan [final].png", "a[/b].png", "[bold]"):
        assert text in screen.getvalue()
