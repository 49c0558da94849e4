"""What those meet in an administration who have some rights in it: the members of each group of users that the data has."""

from __future__ import annotations

import re
import time
from functools import partial
from typing import Any

from .smoke_clients import form_values
from .smoke_operation import Operation, Perform, Refused, note_made_up
from .smoke_requests import administrations, change_link, client_for, content_of

#: Groups that are tried, those with the most members first, and after how long nothing further is asked for.
GROUPS, SECONDS = 6, 60
_ACTIONS = re.compile(r'<select\b[^>]*\bname="action".*?</select>', re.DOTALL)
_ACTION = re.compile(r'<option\b[^>]*\bvalue="([^"]+)"')
#: Fields of a form that say nothing of what an editor may do.
_OF_FORM = re.compile(r"^(?:csrfmiddlewaretoken|_\w+|initial-.*|.*-(?:TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS|.*-__prefix__-.*)$")


def be_editors(perform: Perform) -> None:
    """Opens each list of an administration as a member of each group of users, who is of the staff and no superuser.

    What an operation returns, and its event tells as ``offers``, is what the list and the form of its first row offer:
    to add rows, to change or delete them, actions, and fields that can be filled in. It fails where the list is refused.
    """
    deadline = time.monotonic() + SECONDS
    for name, key in _groups():
        for _, lists in administrations():
            for path in lists:
                if time.monotonic() < deadline:
                    operation = Operation(f"GET {path} as one of {name}", lambda: None)
                    operation.run = partial(_look, path, key, operation)
                    perform(operation)


def _groups() -> list[tuple[str, Any]]:
    """Names and keys of the groups that give rights; none without Django's own, or where they cannot be read."""
    from django.apps import apps

    if not apps.is_installed("django.contrib.auth") or not apps.is_installed("django.contrib.admin"):
        return []
    from django.contrib.auth.models import Group
    from django.db.models import Count, Q
    from django.db import DatabaseError

    try:
        groups = Group.objects.using("default").annotate(members=Count("user", filter=Q(user__is_active=True), distinct=True))
        return list(groups.filter(permissions__isnull=False).distinct().order_by("-members", "name").values_list("name", "pk")[:GROUPS])
    except (DatabaseError, LookupError, ValueError, TypeError):
        return []


def _look(path: str, group: Any, operation: Operation) -> None:
    note_made_up()
    client = client_for(_editor(group))
    page = client.get(path, secure=True)
    if page.status_code != 200:
        raise Refused(f"status {page.status_code}")
    html = content_of(page)
    offers = {f"the action {name}" for name in _ACTION.findall("".join(_ACTIONS.findall(html)))}
    if f'href="{path}add/' in html:
        offers.add("a new row")
    link = change_link(path, page)
    if link is not None:
        form = content_of(client.get(link, secure=True))
        offers |= {f"the field {name}" for name in form_values(form, "_save") or () if not _OF_FORM.match(name)}
        if re.search(r'href="[^"]*/delete/', form):
            offers.add("a row's deletion")
    operation.offers = sorted(offers)


def _editor(group: Any) -> Any:
    from django.contrib.auth import get_user_model

    from .smoke_rows import insert, user_rights

    model = get_user_model()
    user = insert(model, given={**user_rights(model, superuser=False), "is_staff": True})
    user.groups.set([group])
    if hasattr(user, "user_permissions"):
        # A copy of somebody has none of what that one was given alone.
        user.user_permissions.clear()
    return user
