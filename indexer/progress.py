"""`progress`: what a run is doing, as bars on a terminal and as plain lines elsewhere."""

from typing import IO, Protocol, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.text import Text

from clouds.printable import printable

_LINE_EVERY = 100_000


class Progress(Protocol):
    """Is told what happens; never fails a run."""

    def begun(self, scope: str, expected: int | None) -> None:
        """Listing a scope begins; `expected` is how many images it held last."""
        ...

    def listed(self, scope: str, images: int) -> None:
        """A page brought so many images more."""
        ...

    def ended(self, scope: str, reason: str | None) -> None:
        """Listing a scope ended: whole if there is no reason."""
        ...

    def compared(self, documents: int) -> None:
        """So many documents were compared with what is served by now."""
        ...

    def asked(self, answered: int, images: int) -> None:
        """Of so many images that a scope misses so many have been asked for by id."""
        ...

    def built(self, documents: int) -> None:
        """The next generation holds so many documents by now."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


def progress(stream: TextIO) -> Progress:
    """Choose the form that the stream can show. A stream that breaks is written to no more."""
    lasting = _Lasting(stream)
    if not stream.isatty():
        return _InLines(lasting)
    return _OnTerminal(Console(file=cast("IO[str]", lasting)))  # all of it that rich makes use of


class _Lasting:
    """A stream that never fails its writer: once it broke, what is written is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self.encoding = stream.encoding or "utf-8"
        self._stream = stream
        self._broken = False

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        if not self._broken:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                return self._write_ascii(text)
            except (OSError, ValueError):
                self._broken = True
        return len(text)

    def _write_ascii(self, text: str) -> int:
        try:
            self._stream.write(text.encode("ascii", "replace").decode())
        except (OSError, ValueError):
            self._broken = True
        return len(text)

    def flush(self) -> None:
        if not self._broken:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._broken = True


class _InLines:
    def __init__(self, stream: _Lasting) -> None:
        self._stream = stream
        self._images: dict[str, int] = {}
        self._reported: dict[str, int] = {}

    def begun(self, scope: str, expected: int | None) -> None:
        self._images[scope] = 0

    def listed(self, scope: str, images: int) -> None:
        self._images[scope] = self._images.get(scope, 0) + images

    def ended(self, scope: str, reason: str | None) -> None:
        self._write(_end_of(scope, self._images.pop(scope, 0), reason))

    def compared(self, documents: int) -> None:
        self._count("comparing", documents)

    def asked(self, answered: int, images: int) -> None:
        if answered == images:
            self._write(f"asked for by id: {images:,} images")

    def built(self, documents: int) -> None:
        self._count("building", documents)

    def close(self) -> None:
        self._stream.flush()

    def _count(self, doing: str, documents: int) -> None:
        if documents - self._reported.get(doing, 0) >= _LINE_EVERY:
            self._reported[doing] = documents
            self._write(f"{doing}: {documents:,} documents")

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()


class _OnTerminal:
    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._images: dict[str, int] = {}
        self._steps: dict[str, TaskID] = {}
        self._bars.start()

    def begun(self, scope: str, expected: int | None) -> None:
        self._images[scope] = 0
        self._tasks[scope] = self._bars.add_task(_short(scope), total=expected or None)

    def listed(self, scope: str, images: int) -> None:
        self._images[scope] = self._images.get(scope, 0) + images
        if scope in self._tasks:
            self._bars.advance(self._tasks[scope], images)

    def ended(self, scope: str, reason: str | None) -> None:
        if scope in self._tasks:
            self._bars.remove_task(self._tasks.pop(scope))
        line = _end_of(scope, self._images.pop(scope, 0), reason)
        self._bars.console.print(Text(line, style="" if reason is None else "yellow"))

    def compared(self, documents: int) -> None:
        self._step("comparing", documents)

    def asked(self, answered: int, images: int) -> None:
        self._step("asking by id", answered, images)

    def built(self, documents: int) -> None:
        self._step("building", documents)

    def close(self) -> None:
        self._bars.stop()

    def _step(self, doing: str, done: int, total: int | None = None) -> None:
        """Show the step that is going on, and no other."""
        for ended in self._steps.keys() - {doing}:
            self._bars.remove_task(self._steps.pop(ended))
        if doing not in self._steps:
            self._steps[doing] = self._bars.add_task(doing, total=total)
        self._bars.update(self._steps[doing], completed=done)


def _short(scope: str) -> str:
    """Keep the begin of ids only, so that bar and numbers have room on a narrow terminal."""
    parts = printable(scope).split("/")
    return "/".join(f"{part[:6]}…" if len(part) > _LONGEST_PART else part for part in parts)


_LONGEST_PART = 20


def _end_of(scope: str, images: int, reason: str | None) -> str:
    line = f"{scope}: {images:,} images" + ("" if reason is None else f", incomplete: {reason}")
    return printable(line)
