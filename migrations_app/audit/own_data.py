"""What novaweb keeps of a person, for that person: all rows of theirs, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import ForeignKey, Model

from migrations_app.audit import recorder

# What would let somebody in: it is of use to nobody who has it from such a file.
_SECRET = frozenset(
    {
        ("user", "password"),
        ("session", "session_key"),
        ("session", "session_data"),
        ("authtoken", "digest"),
        ("authtoken", "token_key"),
        ("authenticator", "data"),
    }
)


def export(user: User) -> Iterator[str]:
    """Record that it is asked for; return the text of the file in pieces."""
    recorder.record(
        "account.data_exported", by=user, after={"name": user.get_username()}
    )
    return _pieces(user)


def _pieces(user: User) -> Iterator[str]:
    """Yield one JSON object: the account, its roles, and a list for each table.

    Tables are those that name a person, whichever there are: none can be forgotten.
    """
    account = User.objects.values(*_names(User)).get(pk=user.pk)
    roles = sorted(user.groups.values_list("name", flat=True))
    yield f'{{"account": {_text(account)},\n"roles": {_text(roles)}'
    for model, field in _naming_a_person():
        yield f',\n"{model._meta.model_name}.{field}": ['
        rows = model._default_manager.filter(**{field: user.pk}).order_by("pk")
        between = "\n"
        for row in rows.values(*_names(model)).iterator(chunk_size=500):
            yield f"{between}{_text(row)}"
            between = ",\n"
        yield "]"
    yield "}\n"


def _naming_a_person() -> list[tuple[type[Model], str]]:
    found = [
        (relation.related_model, relation.field.name)
        for relation in User._meta.related_objects
        if isinstance(relation.field, ForeignKey)
    ]
    return sorted(found, key=lambda each: (each[0].__name__, each[1]))


def _names(model: type[Model]) -> list[str]:
    kind = str(model._meta.model_name)
    names = [field.attname for field in model._meta.concrete_fields]
    return [name for name in names if (kind, name) not in _SECRET]


def _text(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
