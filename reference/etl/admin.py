from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from etl.models import FeedState, RejectedRow, Run


class RecordAdmin(admin.ModelAdmin):
    """What the worker has recorded is looked at, not edited."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False


@admin.register(Run)
class RunAdmin(RecordAdmin):
    list_display = (
        *("started_at", "feed", "file_name", "status", "rows_read", "rows_loaded", "rows_updated"),
        *("rows_unchanged", "set_aside", "release"),
    )
    list_filter = ("feed", "status", "release")

    @admin.display(description="rows rejected", ordering="rows_rejected")
    def set_aside(self, run: Run) -> str:
        if not run.rows_rejected:
            return "0"
        return format_html(
            '<a href="{}?run__id__exact={}">{}</a>',
            reverse("admin:etl_rejectedrow_changelist"),
            run.pk,
            run.rows_rejected,
        )


@admin.register(RejectedRow)
class RejectedRowAdmin(RecordAdmin):
    list_display = ("run", "line", "reason", "raw")
    list_filter = ("run__feed",)
    list_select_related = ("run",)
    search_fields = ("reason", "raw")


@admin.register(FeedState)
class FeedStateAdmin(RecordAdmin):
    list_display = ("feed", "checked_at", "release")
