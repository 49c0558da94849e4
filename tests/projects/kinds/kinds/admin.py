import os

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest

from . import models
from .photos import PhotoField, keep

admin.site.register([models.Country, models.Order])


class PersonForm(forms.ModelForm):
    photo = PhotoField(required=False)


@admin.register(models.Person)
class PersonAdmin(admin.ModelAdmin):
    form = PersonForm if "PHOTOS" in os.environ else forms.ModelForm
    actions = ("mark",)
    list_display = ("slug", "active")
    list_editable = ("active",) if os.environ.get("EDITABLE") == "1" else ()

    def has_mark_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("kinds.mark_person")

    @admin.action(permissions=["mark"] if os.environ.get("GUARDED") == "1" else None)
    def mark(self, request: HttpRequest, people: QuerySet[models.Person]) -> None:
        """Shows on the pages of people, or in no place with MARKED=elsewhere."""
        if os.environ.get("MARKED") == "elsewhere":
            people.update(active=True)
        else:
            people.update(slug=Concat(F("slug"), Value("-marked")))

    def save_model(self, request: HttpRequest, person: models.Person, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, person, form, change)
        if form.cleaned_data.get("photo"):
            keep(form.cleaned_data["photo"])
