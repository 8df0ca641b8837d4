"""Sending the logs of epochs to a server."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina import _check, _screen
from lamina.callbacks.callback import Callback, Logs

PATIENCE = 5.0  # seconds to wait for the server's response
SCHEMES = ("http", "https")


class RemoteMonitor(Callback):
    """Send the logs of each epoch to a server, by HTTP POST.

    Parameters
    ----------
    root : str, default "http://localhost:9000"
        Address of the server.
    path : str, default "/publish/epoch/end/"
        Path on the server.
    field : str, default "data"
        Name of the form field in which the JSON is sent.
    headers : dict of str to str, optional
        Additional headers of the request.
    send_as_json : bool, default False
        Send the JSON itself instead of a form.

    Warns
    -----
    UserWarning
        If the server cannot be reached, or does not answer within 5 seconds: training continues.

    Examples
    --------
    >>> from lamina.callbacks import RemoteMonitor
    >>> RemoteMonitor("http://localhost:8000", send_as_json=True)
    RemoteMonitor(root='http://localhost:8000', send_as_json=True)
    """

    first_process_only = True

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        who = "RemoteMonitor"
        if not isinstance(root, str) or urllib.parse.urlsplit(root).scheme not in SCHEMES:
            raise ValueError(f"{who}: root must be an address such as 'http://...'; got {root!r}")
        self.root, self.path, self.field = root, path, field
        self.headers = None if headers is None else dict(headers)
        self.send_as_json = _check.boolean(who, "send_as_json", send_as_json)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Send the logs."""
        told = json.dumps({"epoch": epoch, **{k: _plain(v) for k, v in (logs or {}).items()}})
        body, kind = told, "application/json"
        if not self.send_as_json:
            body = urllib.parse.urlencode({self.field: told})
            kind = "application/x-www-form-urlencoded"
        request = urllib.request.Request(
            self.root + self.path,
            body.encode(),
            {"Content-Type": kind, **(self.headers or {})},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE):
                pass
        except (OSError, urllib.error.URLError) as error:
            _screen.warn(f"RemoteMonitor: could not reach {self.root}: {error}")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
