"""Python as text, laid out as ``ruff format`` does with its usual settings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

WIDTH = 88


def literal(value: object, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """Return a number, a name, or nested lists and tuples of such, broken where it is too long.

    Parameters
    ----------
    value : object
        A text is a name, or any short expression.
    indent : int
        Of the line that it stands on.
    before, after : int
        How many characters stand before and behind it on its lines.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, (list, tuple)):
        return repr(value)
    left, right = "[]" if isinstance(value, list) else "()"
    items = [literal(item) for item in value]
    comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
    line = f"{left}{', '.join(items)}{comma}{right}"
    fits = "\n" not in line and indent + before + len(line) + after <= WIDTH
    if fits or not items:
        return line
    inner = indent + 4
    rows = [f"{' ' * inner}{literal(item, inner, after=1)}," for item in value]
    return "\n".join([left, *rows, " " * indent + right])


def assign(name: str, value: object) -> str:
    """Return ``name = value``."""
    return f"{name} = {literal(value, before=len(name) + 3)}"


def call(function: str, arguments: str) -> str:
    """Return ``function(arguments)``, the arguments on a line of their own if it is too long."""
    line = f"{function}({arguments})"
    return line if len(line) <= WIDTH else f"{function}(\n    {arguments}\n)"


def indented(lines: Iterable[str], depth: int = 1) -> str:
    """Return the lines, or blocks of lines, moved to the right by so many steps."""
    return textwrap.indent("\n".join(lines), " " * 4 * depth)


def docstring(title: str, paragraphs: Iterable[str]) -> str:
    """Return a docstring for a whole program."""
    parts = [title, *(textwrap.fill(paragraph, WIDTH) for paragraph in paragraphs)]
    return '"""' + "\n\n".join(parts) + '\n"""'


def join(blocks: Iterable[str]) -> str:
    """Return a program: two empty lines around functions and classes, else one."""
    text = ""
    was_definition = False
    for block in filter(None, blocks):
        is_definition = block.startswith(("def ", "class ", "@"))
        if text:
            text += "\n\n\n" if is_definition or was_definition else "\n\n"
        text += block.strip("\n")
        was_definition = is_definition
    return text + "\n"
