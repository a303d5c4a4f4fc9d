"""A certification authority of our own, made with the openssl program."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """Signs server certificates in `folder`; `certificate` is what a client has to trust."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        made = cls(folder)
        made._openssl("req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA")
        return made

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def server(self, names: str, days: int = 2) -> ssl.SSLContext:
        """TLS for a server whose certificate is for `names`, as "DNS:a.test,IP:127.0.0.1"."""
        (self.folder / "names.cnf").write_text(f"subjectAltName={names}\n")
        self._openssl("req", *_NEW_KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
        self._openssl(
            "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.pem", "-days", str(days), "-extfile", "names.cnf",
        )  # fmt: skip
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            pytest.skip(f"this openssl can't make the certificate: {done.stderr[-200:]}")
