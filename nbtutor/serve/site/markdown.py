"""A notebook's Markdown as HTML that needs no script: formulas become MathML."""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_LESSON_LINK = re.compile(r'(<a [^>]*href="(?![a-z]+:)[^"#]*)\.ipynb(?=["#])')


def to_html(markdown: str) -> str:
    """Return the text of a cell as HTML. Links to other notebooks lead to their pages."""
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    html: str = MarkdownWithMath(renderer=renderer).render(markdown)
    return _LESSON_LINK.sub(r"\1.html", html)


class _Renderer(IPythonRenderer):
    """nbconvert's own, with formulas that a browser can show by itself."""

    def block_code(self, code: str, info: str | None = None) -> str:
        # What can be scrolled has to be within reach of the keyboard.
        return str(super().block_code(code, info)).replace("<pre", '<pre tabindex="0"')

    def block_math(self, body: str) -> str:
        return f"<p>{convert(body, display='block')}</p>"

    def multiline_math(self, text: str) -> str:
        return self.block_math(text)

    def inline_math(self, body: str) -> str:
        return str(convert(body))
