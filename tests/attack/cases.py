"""A case of the standing attack: what is given, to whom, and what must come.

A case ends in one of these ways. The last four are failures.

``right``    the result that was due.
``clear``    an error that is meant for people and has all the words that the case asks for: the
             name of the file or key, and what is wrong with it.
``vague``    another error, or one where a result was due.
``silent``   no error where one was due, or a wrong result.
``hang``     no end within ``LIMIT`` seconds.
``code``     the input ran code: the file ``MARKER`` exists.
"""

import contextlib
import io
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.registry import DefaultScope

from restorelab import cli

LIMIT = 20.0  # seconds
MARKER = 'marker'  # in the folder of a case; payloads would write it
OUTCOMES = ('right', 'clear', 'vague', 'silent', 'hang', 'code')
FAILURES = OUTCOMES[2:]


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        group: the class of the case, a row of the table.
        name: of the case, unique in its group.
        make: (its own empty folder) -> what is given, mostly a path.
        run: gives it to restorelab. Returns: the result.
        words: regular expressions that the error must match, all of them; none where a result is
            due.
        check: whether a result is right; None takes any.
        variables: of the environment.
        slow: takes about a second or more.
    """

    group: str
    name: str
    make: Callable[[Path], object]
    run: Callable[[object], object]
    words: tuple[str, ...] = ()
    check: Callable[[object], bool] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    slow: bool = False

    def __str__(self) -> str:
        return f'{self.group}: {self.name}'


@dataclass(frozen=True)
class Outcome:
    """How a case ended: one of ``OUTCOMES``, and what came."""

    kind: str
    text: str

    @property
    def failed(self) -> bool:
        return self.kind in FAILURES


class CommandError(ValueError):
    """A command ended with an error. The message is what it printed."""


class Hang(BaseException):
    """The time is over. No ``except Exception`` of the attacked code may catch it."""


def command(*words: object) -> str:
    """Run a verb of the command line in this process. Returns: what it printed.

    Raises: CommandError for an exit code that is not 0; as ``cli.main`` what it did not foresee.
    """
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as stop:
            code = stop.code
    if code:
        raise CommandError(out.getvalue())
    return out.getvalue()


def attempt(case: Case, folder: Path) -> Outcome:
    """Run a case in an empty folder, which is the working directory meanwhile."""
    error = result = None
    try:
        with _surroundings(case, folder), time_limit(LIMIT):
            result = case.run(case.make(folder))
    except Hang:
        return Outcome('hang', f'no end in {LIMIT} s')
    except SystemExit as stop:
        error = RuntimeError(f'it ends the whole process with {stop.code!r}')
    except Exception as caught:  # whatever comes is judged
        error = caught
    if (folder / MARKER).exists():
        return Outcome('code', f'it ran code; the answer was {error!r}')
    if error is not None:
        return _judge_error(case, error)
    if case.words:
        return Outcome('silent', f'no error; wanted is one with {case.words}')
    if case.check is not None and not case.check(result):
        return Outcome('silent', f'a wrong result: {result!r}'[:500])
    return Outcome('right', '')


def _judge_error(case: Case, error: Exception) -> Outcome:
    text = cli.message_of(error)
    shown = f'{type(error).__name__}: {text}'[:500]
    if not case.words:
        return Outcome('vague', f'a result was due, but there came {shown}')
    if not isinstance(error, CommandError) and not _is_message(error):
        return Outcome('vague', f'an error that nobody foresaw: {shown}')
    missing = [word for word in case.words if not re.search(word, text, re.DOTALL)]
    if missing:
        return Outcome('vague', f'without {missing}: {shown}')
    return Outcome('clear', text)


def _is_message(error: Exception) -> bool:
    return error.__traceback__ is not None and cli._is_message(error)


@contextlib.contextmanager
def _surroundings(case: Case, folder: Path) -> Iterator[None]:
    """The working directory, the environment and the scope of a case."""
    before, variables = Path.cwd(), dict(os.environ)
    os.environ.update(case.variables)
    os.chdir(folder)
    try:
        with DefaultScope.overwrite_default_scope('restorelab'):
            yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(variables)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``Hang`` in the block after ``seconds``. Another alarm that was set goes on."""

    def stop(_number: int, _frame: object) -> None:
        raise Hang

    handler = signal.signal(signal.SIGALRM, stop)
    begin = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if left:
            left = max(0.01, left - (time.monotonic() - begin))
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)


def clear_folder(folder: Path) -> None:
    """Take everything out of a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
