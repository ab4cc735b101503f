"""Whose certificates count when we connect to a server."""

from __future__ import annotations

import ssl

from jinguo.errors import SettingsError


def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """Verifies chain and name: by the authorities of this machine and, where an office has its own, by those in
    ``ca_file`` (PEM). SettingsError: it cannot be read or holds no certificate."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one
            reason = getattr(error, "reason", "") or error.strerror
            raise SettingsError("ca_file", ca_file, f"a PEM file with certificates ({reason})") from None
    return context
