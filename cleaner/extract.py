"""HTML to a document: the main text, and what the page says of itself.

trafilatura does the work. Its own ``deduplicate`` stays off: it remembers pages across calls, so that the same page gives
another text the second time.
"""

from __future__ import annotations

from cleaner.document import Document

_FIELDS = ("title", "sitename", "url", "date", "author", "language")


def extract(html: str, url: str | None = None) -> Document:
    """The page as a document without an id; its text is empty where no main text was found.

    Args:
        html: the page's source.
        url: where it came from, if known.
    """
    import logging

    from trafilatura import bare_extraction

    # it logs what it gives up on; here an empty text says so
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    if not html.strip():
        return Document("", "", url=url)
    page = bare_extraction(html.replace("\x00", ""), url=url, with_metadata=True, include_comments=False, deduplicate=False)
    if page is None:
        return Document("", "", url=url)
    found = page if isinstance(page, dict) else page.as_dict()
    text = (found.get("text") or "").strip("\n")
    known = {name: str(found[name]) for name in _FIELDS if found.get(name)}
    meta: dict[str, str] = {name: known[name] for name in ("date", "author") if name in known}
    return Document(
        "",
        text + "\n" if text else "",
        url=known.get("url") or url,
        site=known.get("sitename"),
        title=known.get("title"),
        lang=known.get("language"),
        meta=meta,
    )
