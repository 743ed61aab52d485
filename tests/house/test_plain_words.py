"""The words not to use on pages, in docstrings and in the documentation.

CONTRIBUTING.md has the glossary. Each entry of BANNED is an expression, what to write
instead, and a phrase that it finds. Texts are compared with their white space as single
blanks. Migrations are left out: they keep names that databases were made with.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
CODE = ("migrations_app", "novaweb")

BANNED = (
    # rights and decisions
    (r"\b(their|your|whose|own|her|his) say\b", "the right to approve", "their say"),
    (r"\bsays? handed on\b", "delegation", "says handed on"),
    (r"\bhand(s|ed|ing)? on (\w+ )?say\b", "delegate", "hand on a say"),
    (r"\brules? no more\b", "retired", "rules no more"),
    (r"\bthe heaviest\b", "the highest priority", "the heaviest rules"),
    (r"\bthe glass\b|\bglass (is|was) broken|\bbroken glass\b", "emergency start",
     "broke the glass"),
    (r"\bhad no part in\b", "was not involved in", "who had no part in it"),
    # people
    (r"\bwhoever\b", "a noun: the requester, the operator", "whoever approves"),
    (r"\bnobody wrote why\b", "without a reason", "nobody wrote why"),
    (r"\bhears? of\b", "is notified of", "What you hear of"),
    (r"\blast heard of\b", "last report", "Last heard of"),
    (r"\bdo not belong together\b", "is wrong", "name and password do not belong"
     " together"),
    # time and order
    (r"\banew\b", "again", "ask anew"),
    (r"\bonce more\b", "again", "once more"),
    (r"\blately\b", "recent", "Lately ended"),
    (r"\bin vain\b", "failed, without success", "tried in vain"),
    (r"\bat hand\b", "current", "the step at hand"),
    (r"\bso many\b", "this number of", "after so many failures"),
    # states and results
    (r"\b(comes?|came) to nothing\b", "failed", "it came to nothing"),
    (r"\bcomes? of (it|a|the)\b", "result", "what comes of it"),
    (r"\b(becomes?|became) of\b", "the result", "What became of it"),
    (r"\bturn(s|ed)? back\b", "rolls back", "the run turned back"),
    (r"\b(stands?|stood|standing) still\b", "is paused", "the guest stands still"),
    (r"\bgone through:", "processed:", "Gone through: 410 MiB"),
    (r"\bmakes? (no )?sense\b(?! as)", "is (not) valid", "what makes no sense"),
    (r"\bdoorbell\b", "wakes a worker", "the doorbell"),
    (r"\berror of its own\b|\bmistake of (ours|novaweb)", "internal error",
     "an error of its own"),
    # what novaweb moves and checks
    (r"\bspeaks? (for|against)\b", "check, finding, conflict", "what speaks against"),
    (r"\bdirty ways?\b", "Cold, forced target; Manual", "the dirty way"),
    (r"\bdisturbs it least\b", "Automatic", "whatever disturbs it least"),
    (r"\b(move|moves|moved|moving|copied|copy) by hand\b", "a manual move",
     "a move by hand"),
    (r"\bclos(e|es|ed|ing) (it |the run |a held run )?by hand\b", "close manually",
     "close it by hand"),
    (r"\bscheduler[’']s choice\b", "chosen by the scheduler", "the scheduler's choice"),
    (r"\bplacement charges\b|\bplacement[’']s account\b", "allocation in Placement",
     "placement charges it"),
    (r"\bits mark\b", "marker", "its mark"),
    (r"\bthe world now\b", "current state", "The world now"),
    (r"\bheld for nothing\b", "stale", "what is held for nothing"),
    (r"\bwhat needs you\b", "overview", "What needs you"),
    # forms and lists
    (r"\bwith commas between\b", "separated by commas", "names with commas between"),
    (r"\btake (a|the) filters? away\b", "remove a filter", "Take a filter away"),
    (r"\bas clocks there show\b", "local time", "as clocks there show it"),
    (r"\ban auditor will read it\b", "(auditors read it)", "an auditor will read it"),
    (r"\bproves? itself\b", "self-verifying", "a file that proves itself"),
    (r"\bwhat is (?:\w+ ){1,4}is\b", "name the thing", "what is moved is named"),
)  # fmt: skip
# Words of a page alone: in code they name something else.
ON_PAGES = (
    (r"\bleaks?\b", "stale resources", "Leaks"),
    (r"\bverbs?\b", "action", "Verb"),
    (r"\bwhat was sent\b", "deliveries", "What was sent"),
    (r"\bflavours?\b", "flavor, as OpenStack spells it", "Flavour"),
    (r"\bunder way\b", "running", "Under way"),
    (r"\bby hand\b", "manually", "by hand"),
    (r"\b(leave|make|change) it\b", "Cancel, Create, Save or Edit", "Leave it"),
    (r"\bNOVAWEB_\w+", "no name of a setting", "NOVAWEB_URL"),
)


def blank(text: str) -> str:
    """Return the text with single blanks."""
    return " ".join(text.split())


def in_code(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every docstring and every string with a blank in it, by its line."""
    inside = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            parts = (
                str(part.value) if isinstance(part, ast.Constant) else "…"
                for part in node.values
            )
            yield node.lineno, blank("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if " " not in node.value.strip() or id(node) in inside:
                continue
            yield node.lineno, blank(node.value)


def on_page(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every line of a template without its tags and addresses."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text)
    for number, line in enumerate(text.splitlines(), 1):
        read_out = " ".join(
            re.findall(r'(?:title|aria-label|placeholder)="([^"]*)"', line)
        )
        yield number, blank(re.sub(r"<[^>]*>", " ", line) + " " + read_out)


def in_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every paragraph of a page of the documentation."""
    number = 1
    for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
        yield number, blank(paragraph)
        number += paragraph.count("\n") + 2


@lru_cache(maxsize=1)
def pages() -> tuple[tuple[str, str], ...]:
    """Return what people read on pages, with the place of each text."""
    return tuple(
        (f"{path.relative_to(ROOT)}:{number}", text)
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for number, text in on_page(path)
    )


@lru_cache(maxsize=1)
def texts() -> tuple[tuple[str, str], ...]:
    """Return pages, docstrings, strings and documentation, with their places."""
    found = list(pages())
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                place = path.relative_to(ROOT)
                found += [(f"{place}:{line}", text) for line, text in in_code(path)]
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        place = path.relative_to(ROOT)
        found += [(f"{place}:{line}", text) for line, text in in_prose(path)]
    return tuple(found)


def places(banned: str, among: tuple[tuple[str, str], ...]) -> list[str]:
    """Return where the expression is found, with the text around it."""
    expression = re.compile(banned, re.IGNORECASE)
    return [
        f"{place}: …{text[max(0, match.start() - 30) : match.end() + 30]}…"
        for place, text in among
        for match in expression.finditer(text)
    ]


@pytest.mark.parametrize(("banned", "plain", "_"), BANNED)
def test_it_uses_plain_words(banned: str, plain: str, _: str) -> None:
    found = places(banned, texts())
    assert not found, f"write “{plain}” instead:\n" + "\n".join(found)


@pytest.mark.parametrize(("banned", "plain", "_"), ON_PAGES)
def test_it_uses_the_words_of_the_glossary_on_pages(
    banned: str, plain: str, _: str
) -> None:
    found = places(banned, pages())
    assert not found, f"write “{plain}” instead:\n" + "\n".join(found)


def test_it_uses_plain_words_for_what_the_admin_names() -> None:
    """Tables and columns: Django makes their names of those of classes and fields."""
    names = tuple(
        (model.__name__, str(name))
        for model in apps.get_app_config("migrations_app").get_models()
        for name in (
            model._meta.verbose_name,
            model._meta.verbose_name_plural,
            *(getattr(each, "verbose_name", "") for each in model._meta.get_fields()),
            *(getattr(each, "help_text", "") for each in model._meta.get_fields()),
        )
    )
    assert ("BrokenGlass", "emergency starts") in names
    assert [place for banned, _, _ in BANNED for place in places(banned, names)] == []


@pytest.mark.parametrize(("banned", "_", "phrase"), (*BANNED, *ON_PAGES))
def test_each_expression_finds_its_phrase(banned: str, _: str, phrase: str) -> None:
    assert places(banned, (("here", phrase),))


def test_it_reads_pages_docstrings_strings_and_documentation() -> None:
    read = "\n".join(f"{place}: {text}" for place, text in texts())
    assert "templates/base.html:" in read
    assert "Names of states and procedures on pages" in read
    assert "Give a reason for the move." in read
    assert re.search(r"^docs/api\.md:\d+: ", read, re.MULTILINE)
