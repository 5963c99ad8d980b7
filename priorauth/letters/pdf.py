"""A letter as a tagged PDF/UA-1 file, the same bytes whenever it is made.

typst runs in this process, and without reach: its whole program is letter.typ, the letter comes in as a string of
JSON, its fonts are inside the wheel, and its root is an empty folder.
"""

import json
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from priorauth.letters.content import Content

PROGRAM: Final = (Path(__file__).parent / "letter.typ").read_bytes()
BREAK: Final = "\u200b"  # where a word that is longer than a line may go on in the next one
_LONG: Final = re.compile(r"\S{24}(?=\S)")


def pdf(content: Content) -> bytes:
    """The letter as PDF. Raises typst.TypstError where it cannot be made accessible."""
    with tempfile.TemporaryDirectory() as nowhere:
        compiler = typst.Compiler(root=nowhere, font_paths=_fonts(), ignore_system_fonts=True)
        return compiler.compile(
            PROGRAM,
            format="pdf",
            sys_inputs={"letter": json.dumps(_breakable(content.as_dict()))},
            pdf_standards=["ua-1"],
        )


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


def _breakable(value: Any) -> Any:
    """The same JSON value with places to break in words that no line could hold."""
    if isinstance(value, str):
        return _LONG.sub(lambda part: part[0] + BREAK, value)
    if isinstance(value, dict):
        return {name: _breakable(one) for name, one in value.items()}
    return [_breakable(one) for one in value] if isinstance(value, list) else value
