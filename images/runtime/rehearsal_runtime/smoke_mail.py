"""Mail that is sent while a form is answered: it must find a server."""

from __future__ import annotations

import socket

from .smoke_operation import Refused

_HERE = ("", "localhost", "127.0.0.1", "::1")
_SECONDS = 2


class Mail:
    """What the project sends mail with, as it was before this process kept its mail for itself."""

    def __init__(self) -> None:
        from django.conf import settings

        self._smtp = settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend")
        self._host, self._port = settings.EMAIL_HOST or "", settings.EMAIL_PORT

    def check(self) -> None:
        """To be called after what may have sent some.

        :raises Refused: where some was sent, and the server that the settings name is this very container, which has none.
        """
        from django.core import mail

        sent, mail.outbox = len(getattr(mail, "outbox", [])), []
        if not sent or not self._smtp or self._host not in _HERE:
            return
        try:
            socket.create_connection((self._host or "localhost", self._port), _SECONDS).close()
        except OSError:
            raise Refused(
                f"it sends mail while it answers, and EMAIL_HOST is {self._host or 'empty'}: no mail server listens on port {self._port} of the container"
            ) from None
