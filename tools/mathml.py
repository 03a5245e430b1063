"""Formulas of the documentation as MathML, which browsers draw without a script.

An extension of Python-Markdown, to stand after Arithmatex, whose marks it replaces.
"""

import html
import re

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.+?)\\[)\]]</\1>', re.DOTALL)


class MathML(Extension):
    """Converts what Arithmatex marks."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - named by Python-Markdown
        """Come last, when all marks stand in the text."""
        md.postprocessors.register(_Convert(md), "mathml", -1)


class _Convert(Postprocessor):
    def run(self, text: str) -> str:
        return _FORMULA.sub(_as_mathml, text)


def _as_mathml(formula: re.Match) -> str:
    display = "block" if formula[1] == "div" else "inline"
    return convert(html.unescape(formula[2]).strip(), display=display)


def makeExtension(**settings: object) -> Extension:  # noqa: N802 - named by Python-Markdown
    """The extension, as Python-Markdown asks a module for it."""
    return MathML(**settings)
