"""The word index of the audit trail: its content and its query language.

The database maintains it from the inserted row: PostgreSQL in a generated column with a
GIN index, SQLite in an FTS5 table filled by a trigger. Each entry has its words (runs
of letters and digits, case-insensitive) and a *mark* for each subject: ``a`` actor,
``c`` cloud, ``f`` family of the verb, ``h`` host, ``i`` instance's UUID, ``n`` its
name, ``r`` request, ``t`` ticket, ``v`` verb. A mark is one word whatever its value,
and no text can contain one. The index is derived from the trail and proves nothing.
Migration 0014 creates it; to change its content, write a migration that rebuilds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

TABLE = "migrations_app_auditentry"
SQLITE_TABLE = "migrations_app_auditwords"
# So many characters of a note, and of the facts before and after each, are indexed.
LONGEST = 20_000
# How many entries stand in a row that has a mark of its own ("b"), by powers of two.
BLOCK_BITS = 16
# A word with a * behind it is the beginning of one if it has so many characters.
BEGINNING = 3
MOST_WORDS, LONGEST_WORD = 20, 100

_WORD = re.compile(r"([^\W_]+)(\*?)")
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t\r\n"
_COLUMNS = {
    "a": "actor_name",
    "c": "cloud",
    "v": "verb",
    "t": "ticket",
    "i": "instance",
    "n": "instance_name",
}
_HOSTS = ("source", "target")
_TEXTS = (
    "actor_name",
    "verb",
    "cloud",
    "instance",
    "instance_name",
    "source",
    "target",
    "ticket",
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A subject of an entry."""

    letter: str
    value: str

    @property
    def sqlite(self) -> str:
        """The mark in FTS5's query language: the value in hexadecimal."""
        return f'"{self.letter}{self.value.encode().hex()}"'

    @property
    def postgresql(self) -> str:
        """The mark as the text of a tsquery."""
        value = self.value.replace("\\", "\\\\").replace("'", "''")
        return f"'{self.letter}:{value}'"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an entry's texts, or a prefix of one."""

    text: str
    beginning: bool = False

    @property
    def sqlite(self) -> str:
        """The word in FTS5's query language."""
        return f'"{self.text}"{"*" * self.beginning}'

    @property
    def postgresql(self) -> str:
        """The word in the language of to_tsquery."""
        return f"'{self.text}'{':*' * self.beginning}"


@dataclass(frozen=True, slots=True)
class Query:
    """All words, and one mark of each group, must match."""

    words: Sequence[Word] = ()
    marks: Sequence[Sequence[Mark]] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.marks)

    def parted(self) -> tuple[Query, Query]:
        """Return the part that PostgreSQL's index answers fast, and the prefixes.

        For a prefix the index collects every match of every such word; if there are
        other conditions, entries are found by those.
        """
        rest = [word for word in self.words if word.beginning]
        fast = [word for word in self.words if not word.beginning]
        if not fast and not self.marks:
            return self, Query()
        return Query(fast, self.marks), Query(rest)

    @property
    def sqlite(self) -> str:
        """The right side of MATCH."""
        groups = [" OR ".join(mark.sqlite for mark in group) for group in self.marks]
        return " AND ".join(
            [f"marks : ({group})" for group in groups]
            + [f"words : {word.sqlite}" for word in self.words]
        )

    @property
    def postgresql(self) -> tuple[str, list[str]]:
        """The right side of @@, and its parameters."""
        groups = [" | ".join(mark.postgresql for mark in group) for group in self.marks]
        parts, given = [], []
        if groups:
            parts.append("%s::tsquery")
            given.append(" & ".join(f"({group})" for group in groups))
        if self.words:
            parts.append("to_tsquery('simple', %s)")
            given.append(" & ".join(word.postgresql for word in self.words))
        return f"({' && '.join(parts)})", given


def words(text: str) -> list[Word]:
    """Return the words that an entry must contain to match the text.

    A word with a trailing * is a prefix. Other punctuation is ignored, as in the index;
    of a very long text the first words count.
    """
    return [
        Word(word[:LONGEST_WORD], bool(star) and len(word) >= BEGINNING)
        for word, star in _WORD.findall(text)[:MOST_WORDS]
    ]


def block(entry: int) -> Mark:
    """Return the mark of the block of entries (PostgreSQL only)."""
    return Mark("b", str(entry >> BLOCK_BITS))


# -- what the database keeps ---------------------------------------------------------


def _postgresql_mark(letter: str, of: str) -> str:
    return f"CASE WHEN {of} <> '' THEN '{letter}:' || {of} END"


def postgresql() -> list[str]:
    """Return the statements that create the index on PostgreSQL and fill it."""
    marks = [_postgresql_mark(letter, of) for letter, of in _COLUMNS.items()]
    marks += [_postgresql_mark("h", of) for of in _HOSTS]
    marks.append(_postgresql_mark("f", "split_part(verb, '.', 1)"))
    marks.append(_postgresql_mark("r", "coalesce(request_number::text, '')"))
    marks.append(f"'b:' || (id >> {BLOCK_BITS})::text")
    texts = [f"left({name}, {LONGEST})" for name in (*_TEXTS, "note")]
    # in JSON the end of a line is a backslash and a letter
    texts += [
        rf"left(replace({name}::text, '\n', ' '), {LONGEST})"
        for name in ("before", "after")
    ]
    text = " || ' ' || ".join(texts)
    punctuation = "E'" + "".join(_escaped(char) for char in _PUNCTUATION) + "'"
    blank = " " * len(_PUNCTUATION)
    return [
        f"""ALTER TABLE {TABLE} ADD COLUMN words tsvector
        GENERATED ALWAYS AS (
          array_to_tsvector(array_remove(ARRAY[{", ".join(marks)}], NULL))
          || to_tsvector('simple',
               translate({text}, {punctuation}, '{blank}'))
        ) STORED""",
        f"CREATE INDEX {TABLE}_words ON {TABLE} USING gin (words)",
    ]


def _escaped(char: str) -> str:
    return {"'": "''", "\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"}.get(
        char, char
    )


def _sqlite_mark(letter: str, of: str) -> str:
    return (
        f"CASE WHEN {of} <> '' THEN '{letter}' || lower(hex({of})) || ' ' ELSE '' END"
    )


def _sqlite_row(row: str) -> str:
    """Return the marks and words of an entry; ``row`` is NEW or a table."""
    marks = [_sqlite_mark(letter, f"{row}.{of}") for letter, of in _COLUMNS.items()]
    marks += [_sqlite_mark("h", f"{row}.{of}") for of in _HOSTS]
    family = f"substr({row}.verb, 1, instr({row}.verb || '.', '.') - 1)"
    marks.append(_sqlite_mark("f", family))
    marks.append(_sqlite_mark("r", f"coalesce(CAST({row}.request_number AS TEXT), '')"))
    texts = [f"substr({row}.{name}, 1, {LONGEST})" for name in (*_TEXTS, "note")]
    # json_tree gives text as it is; stored, it has escapes for all but ASCII
    texts += [
        "coalesce((SELECT substr(group_concat(coalesce(key, '') || ' '"  # noqa: S608
        f" || coalesce(atom, ''), ' '), 1, {LONGEST})"
        f" FROM json_tree({row}.{name})), '')"
        for name in ("before", "after")
    ]
    return " || ".join(marks) + ", " + " || ' ' || ".join(texts)


def sqlite_trigger() -> str:
    """Return the statement that creates the trigger which fills it on SQLite.

    To change it, write a migration that drops and adds it (triggers.py compares it).
    """
    return f"""CREATE TRIGGER audit_words AFTER INSERT ON {TABLE} BEGIN
          INSERT INTO {SQLITE_TABLE}(rowid, marks, words)
          VALUES (NEW.id, {_sqlite_row("NEW")}); END"""  # noqa: S608


def sqlite() -> list[str]:
    """Return the statements that create the index on SQLite and fill it."""
    return [
        # without the texts themselves: the trail has them. Letters keep their accents,
        # as on PostgreSQL.
        f"""CREATE VIRTUAL TABLE {SQLITE_TABLE} USING fts5(
          marks, words, content='', tokenize="unicode61 remove_diacritics 0")""",
        sqlite_trigger(),
        f"""INSERT INTO {SQLITE_TABLE}(rowid, marks, words)
        SELECT entry.id, {_sqlite_row("entry")} FROM {TABLE} AS entry
        ORDER BY entry.id""",  # noqa: S608 - names of our own
    ]


STATEMENTS = {"postgresql": postgresql, "sqlite": sqlite}
