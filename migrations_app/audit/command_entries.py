"""Audit entries for a command and its answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

from migrations_app.models import AuditEntry

# Characters that an entry keeps of a command, and of an answer.
TEXT, ANSWER = 8000, 2000
# Nothing of ours prints one, but a host may: a graphics password in a domain's XML.
_SECRET = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|secret|private[_-]?key)['\"]?\s*[=:]\s*['\"]?)"
    r"[^\s'\"<>]+"
)


def before_and_after(
    ask: Callable[[], Any],
    facts: dict[str, Any],
    *,
    verbs: tuple[str, str],
    write: Callable[[str, dict[str, Any]], AuditEntry],
) -> Any:
    """Run the command with an audit entry before and another after it.

    ``write`` adds an entry with that verb and those facts. An exception is recorded as
    the result and raised again. If only the first entry exists, the process died in
    between.
    """
    command, answered = verbs
    asked = write(command, facts)
    after: dict[str, Any] = {
        key: facts[key] for key in ("step", "name", "host") if key in facts
    }
    after["command_entry"] = asked.pk
    try:
        answer = ask()
    except Exception as error:
        write(answered, after | trouble_of(error))
        raise
    write(answered, after | answer_of(answer))
    return answer


def text_of(text: str) -> dict[str, Any]:
    """Return a command's text, shortened and without secrets, and its whole SHA-256."""
    return {"text": _short(text, TEXT), "sha256": sha256(text)}


def answer_of(answer: Any) -> dict[str, Any]:
    """Return an answer, shortened and without secrets, and its whole SHA-256."""
    if is_dataclass(answer) and not isinstance(answer, type):
        answer = ", ".join(f"{k} {v}" for k, v in asdict(answer).items())
    text = answer if isinstance(answer, str) else str(answer)
    return {"answer": _short(text, ANSWER), "answer_sha256": sha256(text)}


def trouble_of(error: Exception) -> dict[str, Any]:
    """Return the error sentence of a missing answer."""
    sentence = getattr(error, "sentence", "") or type(error).__name__
    return {"trouble": _short(str(sentence), ANSWER)}


def sha256(text: str) -> str:
    """Return the SHA-256 of the text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _short(text: str, most: int) -> str:
    text = _SECRET.sub(r"\1…", text)
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - most} characters left out …\n{text[-half:]}"
