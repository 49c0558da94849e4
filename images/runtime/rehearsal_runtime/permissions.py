"""Permissions that groups or users hold and that no model has: whoever has their rights by them can do nothing with them.

Django renames the content type of a model that is renamed, and leaves its permissions under the old name.
"""

from __future__ import annotations

from typing import Any


def ownerless() -> dict[int, tuple[str, int]]:
    """Name and number of groups of each held permission that its model does not have in this release, by its id; none of
    models that the release does not have, and nothing where there are no tables of permissions yet."""
    from django.apps import apps
    from django.db import DatabaseError
    from django.db.models import Count, Q

    if not apps.is_installed("django.contrib.auth"):
        return {}
    model = apps.get_model("auth", "Permission")
    held = Q(group__isnull=False)
    # A project's own users may have no permissions.
    if any(field.name == "user" for field in model._meta.get_fields()):
        held |= Q(user__isnull=False)
    metas = {(one._meta.app_label, one._meta.model_name): one._meta for one in apps.get_models()}
    found = model.objects.filter(held).values_list("id", "content_type__app_label", "content_type__model", "codename")
    try:
        rows = list(found.annotate(groups=Count("group", distinct=True)).order_by())
    except DatabaseError:
        return {}
    return {
        key: (f"{app}.{codename}", groups)
        for key, app, name, codename, groups in rows
        if (app, name) in metas and codename not in _codenames(metas[app, name])
    }


def _codenames(meta: Any) -> set[str]:
    return {f"{action}_{meta.model_name}" for action in meta.default_permissions} | {name for name, _ in meta.permissions}
