"""`mom` called as in a shell, in this process."""

from click.testing import CliRunner, Result

from mom.cli import main


def mom(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=stdin)


def one_sentence(result: Result) -> str:
    """What stderr says, where it is one sentence and nothing went to stdout."""
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr
