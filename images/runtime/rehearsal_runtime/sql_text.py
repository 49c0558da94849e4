"""What can be told from the text of an SQL statement, without a parser of PostgreSQL's grammar."""

from __future__ import annotations

import re
from functools import lru_cache

_PARTS = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<quoted>"(?:[^"]|"")*"|[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
      | (?P<other>(?:(?!--|/\*|"|'|\$\w*\$).|\n)+|.)""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset(
    """ADD ALTER ALWAYS AND AS ATTACH BEGIN BY CASCADE CHECK CLUSTER COLUMN COMMENT COMMIT CONCURRENTLY CONSTRAINT CREATE
    DEFAULT DEFERRABLE DEFERRED DELETE DETACH DO DROP EXISTS EXTENSION FOREIGN FROM FULL FUNCTION GENERATED IDENTITY IF
    IMMEDIATE IN INDEX INITIALLY INSERT INTO IS JOIN KEY LOCAL LOCK LOGGED MATERIALIZED MODE NOT NULL ON ONLY PARTITION
    PRIMARY REFERENCES REFRESH REINDEX RENAME REPLACE SELECT SEQUENCE SESSION SET STATISTICS STORED TABLE TEMP TEMPORARY TO
    TRIGGER TRUNCATE TYPE UNIQUE UNLOGGED UPDATE USING VACUUM VALID VALIDATE VIEW WHERE WITH""".split()
)

#: A name, quoted or not, with its schema or without.
NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?'

_DATA = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|WITH|DECLARE|FETCH|CLOSE|VALUES|MERGE|COPY)\b")
_WRITE = re.compile(r"(?:INSERT|UPDATE|DELETE|MERGE|COPY|WITH\b.*\b(?:INSERT INTO|UPDATE|DELETE FROM))\b")
_CATALOGUE = re.compile(r"\b(?:pg_catalog\.|pg_[a-z_]+\b|information_schema\b)")
_SAVEPOINT = re.compile(r"(?:SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT)\b", re.IGNORECASE)
_RECORDS = re.compile(r"\bdjango_migrations\b")
_LIST = re.compile(r"\((?:%s|\?)(?:, ?(?:%s|\?))+\)")
_LISTS = re.compile(r"\(…\)(?:, ?\(…\))+")
_CASES = re.compile(r"(WHEN (?:(?!WHEN |ELSE |END\b).)*)(?:WHEN (?:(?!WHEN |ELSE |END\b).)*)+")
_NUMBER = re.compile(r"(?<![\w\"$])-?\d+(?:\.\d+)?\b")
_SHOWN = 4000


@lru_cache(maxsize=64)
def plain(sql: str) -> str:
    """The statement on one line without comments, with PostgreSQL's own words in capitals; quoted text stays as it is."""
    text = ""
    for found in _PARTS.finditer(sql):
        part = _part(found)
        text += part.lstrip(" ") if text.endswith(" ") and found.lastgroup != "quoted" else part
    return text.strip().rstrip(";").rstrip()


def statements(sql: str) -> list[str]:
    """The single statements of a text, each as ``plain`` gives it."""
    found, current = [], ""
    for part in _PARTS.finditer(sql):
        pieces = part.group().split(";") if part.lastgroup == "other" else [part.group()]
        current += pieces[0]
        for piece in pieces[1:]:
            found.append(current)
            current = piece
    return [text for text in map(plain, [*found, current]) if text]


@lru_cache(maxsize=64)
def shape(sql: str) -> str:
    """What executions of the same statement with other values, or with other numbers of values, have in common."""
    text = "".join(
        "?" if found.lastgroup == "quoted" and not found.group().startswith('"') else _part(found)
        for found in _PARTS.finditer(sql)
    )
    text = _LIST.sub("(…)", _NUMBER.sub("?", text))
    return _CASES.sub(r"\1… ", _LISTS.sub("(…), …", text))[:_SHOWN]


def shown(sql: str) -> str:
    """The statement as people are shown it: as written, or its shape where it is long."""
    text = sql.strip()
    if len(text) > _SHOWN:
        return shape(text)
    return _CASES.sub(r"\1… ", _LISTS.sub("(…), …", _LIST.sub("(…)", text))) if "%s" in text else text


@lru_cache(maxsize=64)
def is_bookkeeping(sql: str) -> bool:
    """Whether Django itself asks: for its records of migrations, for the catalogue, or for a savepoint."""
    head = sql.lstrip()[:6].upper()
    if head in ("INSERT", "DELETE") or head == "SELECT":
        # The text of a value is not what the statement is about.
        bare = shape(sql)
        return _RECORDS.search(bare) is not None or (head == "SELECT" and _CATALOGUE.search(bare) is not None)
    return _SAVEPOINT.match(sql.lstrip()) is not None


def is_record(sql: str) -> bool:
    """Whether Django notes that a migration was applied."""
    return sql.lstrip()[:6].upper() == "INSERT" and _RECORDS.search(shape(sql)) is not None


def is_data(sql: str) -> bool:
    """Whether it reads or writes rows, as the model layer does by the thousand, rather than changing the schema."""
    return _DATA.match(plain(sql)) is not None and ";" not in plain(sql)


def is_write(sql: str) -> bool:
    """Whether it may change rows."""
    return _WRITE.match(plain(sql)) is not None


def table_name(name: str) -> str:
    """A table's name as the catalogue has it; with its schema unless that is ``public``."""
    parts = [
        part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()
        for part in re.findall(r'"(?:[^"]|"")+"|[\w$]+', name)
    ]
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] == "public" else parts)


def _part(found: re.Match[str]) -> str:
    if found.lastgroup == "comment":
        return " "
    if found.lastgroup != "other":
        return found.group()
    spaced = re.sub(r"\s+", " ", found.group())
    return re.sub(r"[A-Za-z_]+", lambda word: _capital(word.group()), spaced)


def _capital(word: str) -> str:
    upper = word.upper()
    return upper if upper in _KEYWORDS else word
