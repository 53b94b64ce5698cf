"""Pages that run and fetch nothing but what their makers put into them."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Browsers look for the encoding in the first 1,024 bytes, so the policy stands behind it.
_CHARSET = re.compile(r"<meta[^>]*charset[^>]*>", re.IGNORECASE)
_INLINE = re.compile(r"<(script|style)(?:\s[^>]*)?>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)


def sealed(page: str, *, images: Iterable[str] = ()) -> str:
    """The page with a Content-Security-Policy that allows its own scripts and styles by hash.

    Its own are those of the head and those behind the body. The body holds what comes from data,
    and nothing in it is ever run: no script, no handler, no style of an attribute, no frame, no
    form, no request.

    Args:
        page: A whole page, which says its encoding first.
        images: Addresses of pictures that it may load: ``https://tile.openstreetmap.org``.

    Example:
        >>> text = sealed("<head><meta charset=utf-8><style>b{}</style></head><body></body>")
        >>> "default-src 'none'" in text, text.count("'sha256-")
        (True, 1)
    """
    page = page.replace("\r\n", "\n")  # as a browser reads it, before it reckons the hashes
    start = _CHARSET.search(page)
    assert start is not None  # noqa: S101 -- our own pages say their encoding
    own = page[: page.index("</head>")] + page[page.rindex("</body>") :]
    hashes: dict[str, dict[str, None]] = {"script": {}, "style": {}}
    for kind, text in _INLINE.findall(own):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[kind.lower()][f"'sha256-{digest}'"] = None
    rules = {
        "default-src": ["'none'"],
        "script-src": list(hashes["script"]) or ["'none'"],
        "style-src": list(hashes["style"]) or ["'none'"],
        "img-src": ["data:", *images],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    policy = "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page[: start.end()] + meta + page[start.end() :]
