"""The first administrator of an environment."""

from __future__ import annotations

import os
from typing import Any

from .failure import Failure, say


def ensure() -> None:
    """Makes the user ADMIN_USERNAME with ADMIN_PASSWORD a superuser, where both are given.

    Works with custom user models: their further required fields come from DJANGO_SUPERUSER_<FIELD>, as for Django's
    ``createsuperuser --noinput``; the e-mail address from ADMIN_EMAIL, by default one at localhost. The password of a
    user who exists is set only when it does not match, since setting it ends the user's sessions.

    :raises Failure: when the project has no users, or a required field has no value.
    """
    username = os.environ.get("ADMIN_USERNAME", "")
    password = os.environ.get("ADMIN_PASSWORD", "")
    if username == "" or password == "":
        return

    from django.apps import apps
    from django.contrib.auth import get_user_model

    if not apps.is_installed("django.contrib.auth"):
        raise Failure(
            f"an admin user needs django.contrib.auth in INSTALLED_APPS; found ADMIN_USERNAME={username!r} without it; "
            "install it or leave the admin user out of the stack's settings"
        )
    model = get_user_model()
    manager = model._default_manager
    user = manager.filter(**{model.USERNAME_FIELD: username}).first()
    if user is None:
        manager.create_superuser(**{model.USERNAME_FIELD: username, "password": password, **_required(model, username)})
        say(f"made the admin user {username}")
        return
    changed = []
    for flag in ("is_active", "is_staff", "is_superuser"):
        if hasattr(user, flag) and not getattr(user, flag):
            setattr(user, flag, True)
            changed.append(flag)
    if not user.check_password(password):
        user.set_password(password)
        changed.append("password")
    if changed:
        user.save()
        say(f"set {', '.join(changed)} of the admin user {username}")


def _required(model: Any, username: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in model.REQUIRED_FIELDS:
        field = model._meta.get_field(name)
        text = os.environ.get(f"DJANGO_SUPERUSER_{name.upper()}")
        if text is None and name == model.get_email_field_name():
            text = os.environ.get("ADMIN_EMAIL") or (username if "@" in username else f"{username}@localhost")
        if text is None:
            raise Failure(
                f"the user model {model._meta.label} requires {name} for an admin user; found no value; "
                f"give it as the variable DJANGO_SUPERUSER_{name.upper()}"
            )
        values[name] = field.clean(text, None)
    return values
