"""Images of a product besides the Item's own: attachments that point to the shop. Nothing is downloaded."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import frappe
from frappe.core.doctype.file.exceptions import AttachmentLimitReached, FileTypeNotAllowed
from frappe.model.document import Document
from frappe.utils import get_url

from salla_executor.erpnext.documents import is_ours, plain, web_address

DOCTYPE = "Item"
Changes = dict[str, list[Any]]


def save_images(doc: Document, urls: tuple[str, ...], source: str, kept: Changes, *, is_new: bool) -> Changes:
    """What people attached stays. kept is filled with what this site takes no more of."""
    wanted = [url for url in dict.fromkeys(map(_address, urls)) if url and url != doc.image]
    files = [] if is_new else _files(doc)
    before = [file.file_url for file in files]
    after = list(before)
    for url in wanted:
        if url not in before:
            if not _attach(doc, url):
                kept["images"] = [before, wanted]
                break
            after.append(url)
    stale = [file for file in files if is_ours(file) and file.file_url not in wanted]
    for file in [] if stale and _is_shared(doc, source) else stale:
        # Nothing links to it, and to look for that takes a thousand statements.
        frappe.delete_doc("File", file.name, force=True)
        after.remove(file.file_url)
    return {"images": [before, after]} if after != before else {}


def _address(url: str) -> str:
    """Frappe takes an address of its own files for the file, which is not the shop's to attach."""
    url = web_address(url, 1000)
    return "" if url.startswith(get_url()) else url


def _files(doc: Document) -> list[Any]:
    filters = {"attached_to_doctype": DOCTYPE, "attached_to_name": doc.name, "file_url": ("like", "http%")}
    return frappe.get_all("File", filters, ["name", "file_url", "owner"], order_by="creation")


def _attach(doc: Document, url: str) -> bool:
    """False where the site allows no more of them, or not this kind: no reason to keep the product out."""
    file = frappe.new_doc("File")
    # Frappe decodes the address once.
    file.file_url = url.replace("%", "%25")
    file.file_name = plain(unquote(urlsplit(url).path).rpartition("/")[2]) or "image"
    file.attached_to_doctype, file.attached_to_name = DOCTYPE, doc.name
    # Without a content to compare, any other file without one would count as the same.
    file.flags.ignore_duplicate_entry_error = True
    try:
        file.insert()
    except (AttachmentLimitReached, FileTypeNotAllowed):
        frappe.clear_last_message()
        return False
    return True


def _is_shared(doc: Document, source: str) -> bool:
    """Another shop may have brought what this one does not have."""
    others = {"document_type": DOCTYPE, "document_name": ("=", doc.name), "source": ("!=", source)}
    return bool(frappe.db.count("External Reference", {**others, "is_deleted": 0}))
