"""Count the lines that hold code, by room: no blank lines, no comments, no docstrings.

python scripts/count_lines.py                    # a line per room, the largest first, and the sum
python scripts/count_lines.py OTHER/src/coverage # of another checkout, side by side with this one
"""

from __future__ import annotations

import ast
import sys
import tokenize
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "coverage"
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def _docstring_lines(tree: ast.Module) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0] if node.body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            found |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def code_lines(path: Path) -> int:
    """Lines of a module with a token of code on them, docstrings left out."""
    lines: set[int] = set()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in _LAYOUT:
                lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - _docstring_lines(ast.parse(path.read_text(encoding="utf-8"))))


def rooms(source: Path) -> Counter[str]:
    """Code lines by room: a folder, or a module that stands alone."""
    found: Counter[str] = Counter()
    for path in source.rglob("*.py"):
        inside = path.relative_to(source)
        found[inside.parts[0] if len(inside.parts) > 1 else inside.stem] += code_lines(path)
    return found


def main() -> None:
    """Print the table."""
    counts = [rooms(Path(name)) for name in [*sys.argv[1:], str(SOURCE)]]
    for room, _ in sum(counts, Counter()).most_common():
        print(f"{room:12}" + "".join(f"{count[room]:8,}" for count in counts))
    print(f"{'all':12}" + "".join(f"{count.total():8,}" for count in counts))


if __name__ == "__main__":
    main()
