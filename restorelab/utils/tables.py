"""Tables as plain text, for logs and for the terminal."""

from collections.abc import Iterable, Sequence
from io import StringIO


def draw_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str] | None],
    title: str | None = None,
    left: int = 1,
    width: int = 120,
) -> str:
    """The table as text.

    Args:
        columns: their titles.
        rows: the cells of each row, or None for a line between two rows.
        left: number of columns that are aligned left; the others are aligned right.
        width: of the whole table in characters; longer cells are broken into lines.
    """
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=SIMPLE, title_justify='left')
    for number, column in enumerate(columns):
        table.add_column(column, justify='left' if number < left else 'right', overflow='fold')
    for row in rows:
        if row is None:
            table.add_section()
        else:
            table.add_row(*row)
    text = StringIO()
    Console(file=text, width=width, color_system=None).print(table)
    return text.getvalue().rstrip()
