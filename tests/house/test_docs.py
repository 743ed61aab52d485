from __future__ import annotations

import re
from pathlib import Path

import pytest

from migrations_app.access.roles import ROLES, STAFF, WORDS, Role, Verb

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ROOT / "migrations_app" / "management" / "commands"


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings_text() -> str:
    return text("novaweb/settings.py") + text("novaweb/sign_in_settings.py")


def settings_read() -> set[str]:
    """The names that settings are read by from the environment."""
    return set(re.findall(r"""\benv(?:\.\w+)?\(\s*"(\w+)\"""", settings_text()))


def test_it_documents_every_setting_and_none_that_is_not_read() -> None:
    documented = set(
        re.findall(r"^\| `(NOVAWEB_\w+)` \|", text("docs/running.md"), re.M)
    )
    assert documented == settings_read()


def test_it_documents_the_defaults_that_are_figures() -> None:
    read = re.findall(
        r"""env\.(?:int|days|float)\(\s*"(\w+)",\s*default=([\d.]+)""",
        settings_text(),
    )
    rows = re.findall(
        r"^\| `(NOVAWEB_\w+)` \| ([\d.]+) \|", text("docs/running.md"), re.M
    )
    documented = {name: float(figure) for name, figure in rows}
    assert len(read) >= 6
    assert {name: float(figure) for name, figure in read} == documented


def test_it_documents_every_command() -> None:
    running = text("docs/running.md")
    names = [path.stem for path in COMMANDS.glob("*.py") if path.stem != "__init__"]
    assert names
    assert [name for name in names if f"| `manage.py {name}" not in running] == []


def test_its_table_of_roles_is_the_one_that_refusals_go_by() -> None:
    roles = text("docs/running.md").partition("## Roles\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (every role|\w+) \| (.*) \|$", roles, re.M))
    assert rows.pop("role") == "may"
    said = {name: set(words.split("; ")) for name, words in rows.items()}
    everybody = {verb for verb in Verb if ROLES[verb] == frozenset(Role)}
    held = {
        str(role): {
            WORDS[verb]
            for verb in Verb
            if role in ROLES[verb] and verb not in everybody
        }
        for role in Role
    }
    # what is said of one page, as a refusal has it, the table says of all
    pages = {"see all pages but the audit trail"}
    held["every role"] = {WORDS[verb] for verb in everybody - {Verb.SEE}} | pages
    assert said == held
    assert {verb for verb in Verb if not ROLES[verb]} == STAFF.keys()
    assert "change approval policies takes no role" in roles
    assert "The set-up guide is for superusers" in roles


def test_it_tests_every_command() -> None:
    tests = "\n".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("*.py"))
    names = [path.stem for path in COMMANDS.glob("*.py") if path.stem != "__init__"]
    assert [name for name in names if f'"{name}"' not in tests] == []


@pytest.mark.parametrize("adr", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=str)
def test_it_gives_every_decision_its_context_choice_and_consequence(adr: Path) -> None:
    headings = re.findall(r"^## (.*)$", adr.read_text(encoding="utf-8"), re.M)
    assert headings == ["Context", "Choice", "Consequence"]


def test_it_links_only_to_files_that_are_there() -> None:
    broken = []
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        broken += [f"{path.name}: {x}" for x in links if not (path.parent / x).exists()]
    assert broken == []


def test_it_explains_every_word_of_the_makefile() -> None:
    makefile = text("Makefile")
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.M))
    explained = re.findall(r"^([a-z-]+):.*## \S", makefile, re.M)
    # CHECKS are the parts of one that is explained
    assert sorted(set(phony.split()) - {"$(CHECKS)"}) == sorted(explained)
