"""Photos that editors and visitors upload, and what becomes of them, as PHOTOS says."""

import os
from typing import Any

from django import forms
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect

#: Where a PNG says what its points are made of, and what it says there of such that can be transparent.
_COLOURS, _TRANSPARENT = 25, 6


class PhotoField(forms.FileField):
    """As Django's own for pictures, which needs a library that this project does without."""

    widget = forms.ClearableFileInput(attrs={"accept": "image/*"})

    def clean(self, data: Any, initial: Any = None) -> Any:
        photo = super().clean(data, initial)
        if photo and os.environ["PHOTOS"] == "photographs" and not photo.name.endswith(".jpg"):
            raise forms.ValidationError("A photograph, please.")
        return photo


def keep(photo: Any) -> None:
    """Stores it, and makes a small one of it by the path of the file, as libraries for pictures want it."""
    name = default_storage.save(f"photos/{photo.name}", photo)
    with open(default_storage.path(name), "rb") as file:
        content = file.read()
    if os.environ["PHOTOS"] == "opaque" and content.startswith(b"\x89PNG") and content[_COLOURS] == _TRANSPARENT:
        raise OSError("cannot write mode RGBA as JPEG")
    with open(f"{default_storage.path(name)}.small", "wb") as file:
        file.write(content)


class PhotoForm(forms.Form):
    title = forms.CharField()
    photo = PhotoField()


def photo(request: HttpRequest) -> HttpResponse:
    """A form of visitors."""
    form = PhotoForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        keep(form.cleaned_data["photo"])
        return redirect("/people/1/")
    return HttpResponse(
        f'<form method="post" enctype="multipart/form-data">{form}'
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}"></form>'
    )
