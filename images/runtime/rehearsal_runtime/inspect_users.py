"""Whether the release can tell the passwords that users have."""

from __future__ import annotations

from typing import Any

from . import database

DATABASE_SECONDS = 5
UNUSABLE = "!"


def unreadable() -> list[dict[str, Any]]:
    """Django's ways of hashing in the users' table that no hasher of PASSWORD_HASHERS knows, and how many users have each.

    Others are left out: masked passwords look like one of somebody's own.
    """
    from django.contrib.auth import get_user_model, hashers
    from django.db.models import CharField, Count, F, Func, Value

    model = get_user_model()
    if not any(field.name == "password" for field in model._meta.concrete_fields):
        return []
    database.connect(DATABASE_SECONDS)
    known = {hasher.algorithm for hasher in hashers.get_hashers()}
    usual = {
        found.algorithm
        for found in vars(hashers).values()
        if isinstance(found, type) and issubclass(found, hashers.BasePasswordHasher) and found.algorithm
    }
    algorithm = Func(F("password"), Value("$"), Value(1), function="split_part", output_field=CharField())
    counts = (
        model._base_manager.filter(is_active=True, password__contains="$")
        .exclude(password__startswith=UNUSABLE)
        .order_by()
        .values(algorithm=algorithm)
        .annotate(users=Count("pk"))
    )
    return [row for row in counts if row["algorithm"] in usual - known]
