"""Templates to answers: what every page knows, and downloads."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from fastapi import Request
from jinguo.reading.model import format_number
from jinguo.reading.privacy import masked_text
from jinguo.rules.findings import SEVERITY_NAMES
from jinguo.staff.roles import Staff
from jinguo.workbench.audit_words import PROPOSAL_STATES
from jinguo.workbench.board import page_state_name
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse
from starlette.templating import Jinja2Templates

from workbench.deps import csrf_token

FOLDER = Path(__file__).parent
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BYTES = "application/octet-stream"
_CHUNK = 1 << 20
_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": _XLSX,
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
}

templates = Jinja2Templates(FOLDER / "templates")
templates.env.globals |= {
    "state_name": page_state_name,
    "severity_names": SEVERITY_NAMES,
    "proposal_states": PROPOSAL_STATES,
    "figure": format_number,
}
templates.env.filters |= {"query": urlencode, "masked": masked_text}
templates.env.trim_blocks = templates.env.lstrip_blocks = True


def page(request: Request, name: str, *, staff: Staff, status: int = 200, **known: Any) -> Response:
    """The answer with a page for somebody who is signed in."""
    context = {"staff": staff, "root": request.scope["root_path"], "csrf": csrf_token(staff), **known}
    return templates.TemplateResponse(request, name, context, status_code=status)


def error_page(request: Request, status: int, sentence: str, *, fragment: bool = False) -> Response:
    """A sentence for whoever may not, or found nothing; also for somebody who is nobody here."""
    name = "_notice.html" if fragment else "error.html"
    context = {
        "status": status,
        "sentence": sentence,
        "root": request.scope["root_path"],
        "staff": getattr(request.state, "staff", None),
        "back": _page_before(request),
    }
    return templates.TemplateResponse(request, name, context, status_code=status)


def _page_before(request: Request) -> str:
    """The page of ours that a refused form stood on, to be opened afresh; "" without one."""
    before = urlsplit(request.headers.get("referer", ""))
    is_ours = before.netloc == request.headers.get("host") and before.path.startswith(f"{request.scope['root_path']}/")
    return urlunsplit(("", "", before.path, before.query, "")) if is_ours and request.method == "POST" else ""


def is_fragment(request: Request) -> bool:
    """Whether htmx wants a piece of a page."""
    return request.headers.get("hx-request") == "true"


def download(name: str, content: bytes, *, is_foreign: bool = False) -> Response:
    """A file to be saved, never shown: whatever is in it is not ours. Nobody but a person opens a foreign one."""
    media_type = _BYTES if is_foreign else _media_type(name)
    return Response(content, media_type=media_type, headers=_saved_as(name))


def download_file(name: str, file: BinaryIO) -> Response:
    """The same of a file of ours that is too large for the memory; it is closed when it has been sent."""
    length = file.tell()
    file.seek(0)
    headers = _saved_as(name) | {"Content-Length": str(length)}
    close = BackgroundTask(file.close)
    return StreamingResponse(
        iter(partial(file.read, _CHUNK), b""), media_type=_media_type(name), headers=headers, background=close
    )


def _media_type(name: str) -> str:
    return _TYPES.get(Path(name).suffix.lower(), _BYTES)


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
