"""A repository of a registry: manifests read and written, blobs found, mounted and copied."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

from stagebuild.distribution.authorization import answer_to
from stagebuild.distribution.errors import RegistryError
from stagebuild.distribution.manifests import MEDIA_TYPES, Manifest
from stagebuild.distribution.places import CERTIFICATES, Endpoint, endpoint_of
from stagebuild.distribution.transport import Answer, Refused, exchange
from stagebuild.model import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CREATED, _ACCEPTED, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 201, 202, 401, 403, 404
_DIGEST = "docker-content-digest"


class Repository:
    """
    A repository.

    Args:
        domain: Of its registry, as ``docker.io``.
        path: Its name there, as ``library/alpine``.
        credentials: Returns user name and secret for a domain, both empty for nobody; called when
            the registry asks.
        pushes: Whether something is to be written.
        reads: Names of other repositories there from which blobs are taken.
        endpoint: Where the registry answers; found by its domain when not given.

    Every method raises ``RegistryError``: the registry can't be reached, or refuses.
    """

    def __init__(
        self,
        domain: str,
        path: str,
        *,
        credentials: Callable[[str], tuple[str, str]],
        pushes: bool = False,
        reads: Sequence[str] = (),
        endpoint: Endpoint | None = None,
    ) -> None:
        self.domain = domain
        self.path = path
        self._credentials = credentials
        self._endpoint = endpoint_of(domain) if endpoint is None else endpoint
        self._header: str | None = None
        actions = "pull,push" if pushes else "pull"
        self._scopes = [f"repository:{path}:{actions}"]
        self._scopes += [f"repository:{name}:pull" for name in reads]

    @property
    def name(self) -> str:
        """As ``registry.example/shop``."""
        return f"{self.domain}/{self.path}"

    def digest(self, version: str) -> Digest | None:
        """Return the digest of a tag (or digest), or None where there is none such."""
        answer = self._found("HEAD", version)
        if answer is None:
            return None
        answer.body.close()
        said = answer.headers.get(_DIGEST)
        if said is not None:
            return Digest.parse(said)
        manifest = self.manifest(version)  # a registry need not say it
        return None if manifest is None else manifest.digest

    def manifest(self, version: str) -> Manifest | None:
        """Return the manifest or index of a tag or digest, or None where there is none such."""
        answer = self._found("GET", version)
        if answer is None:
            return None
        manifest = Manifest(
            content=self._read(answer, version),
            media_type=answer.headers.get("content-type", MEDIA_TYPES[0]).partition(";")[0],
        )
        if ":" in version and manifest.digest != version:
            raise self._error(f"the registry answered with {manifest.digest}", version)
        return manifest

    def put_manifest(self, manifest: Manifest, version: str) -> None:
        """Write a manifest or index under a tag or its digest."""
        answer = self._ask(
            "PUT",
            f"manifests/{version}",
            version=version,
            headers={"Content-Type": manifest.media_type},
            data=manifest.content,
        )
        answer.body.close()

    def has_blob(self, digest: Digest) -> bool:
        """Say whether a blob is there."""
        try:
            self._ask("HEAD", f"blobs/{digest}", version=digest).body.close()
        except RegistryError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True

    def blob(self, digest: Digest) -> IO[bytes]:
        """Open a blob; the caller closes it."""
        return self._ask("GET", f"blobs/{digest}", version=digest).body

    def config(self, digest: Digest) -> dict[str, Any]:
        """
        Return an image's configuration.

        Raises:
            OSError: The answer broke off.
            ValueError: It is no JSON object.
        """
        with self.blob(digest) as content:
            found = json.load(content)
        if not isinstance(found, dict):
            raise ValueError("a configuration that is no JSON object")  # noqa: TRY004 - its content
        return found

    def mount_blob(self, digest: Digest, source: str) -> bool:
        """Take a blob over from another repository of the registry; False where it won't."""
        query = urlencode({"mount": digest, "from": source})
        answer = self._ask("POST", f"blobs/uploads/?{query}", version=digest, data=b"")
        answer.body.close()
        if answer.status == _CREATED:
            return True
        self._give_up(answer)
        return False

    def upload_blob(self, digest: Digest, size_bytes: int, content: IO[bytes]) -> None:
        """Write a blob of which nothing is there yet."""
        begun = self._ask("POST", "blobs/uploads/", version=digest, data=b"")
        begun.body.close()
        place = self._place(begun)
        url = f"{place}{'&' if '?' in place else '?'}{urlencode({'digest': digest})}"
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size_bytes),
        }
        self._ask("PUT", url, version=digest, headers=headers, data=content).body.close()

    def _give_up(self, begun: Answer) -> None:
        """End the upload that a registry began instead of a mount."""
        try:
            self._ask("DELETE", self._place(begun), version="").body.close()
        except RegistryError:
            return  # it forgets it by itself

    def _place(self, begun: Answer) -> str:
        return urljoin(f"{self._endpoint.url}/v2/", begun.headers.get("location", ""))

    def _found(self, method: str, version: str) -> Answer | None:
        headers = {"Accept": ", ".join(MEDIA_TYPES)}
        try:
            return self._ask(method, f"manifests/{version}", version=version, headers=headers)
        except RegistryError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def _read(self, answer: Answer, version: str) -> bytes:
        try:
            return answer.read()
        except OSError as error:
            raise self._error(f"the answer broke off: {error}", version) from error

    def _ask(
        self,
        method: str,
        path: str,
        *,
        version: str,
        headers: dict[str, str] | None = None,
        data: bytes | IO[bytes] | None = None,
    ) -> Answer:
        url = path if "://" in path else f"{self._endpoint.url}/v2/{self.path}/{path}"
        try:
            try:
                return self._exchange(method, url, headers or {}, data)
            except Refused as refused:
                if refused.status != _UNAUTHORIZED or (data and not isinstance(data, bytes)):
                    raise  # what was half sent can't be sent again
                challenge = refused.headers.get("www-authenticate", "")
                self._header = answer_to(
                    challenge,
                    self._credentials(self.domain),
                    self._scopes,
                    authority=self._endpoint.authority,
                )
            return self._exchange(method, url, headers or {}, data)
        except Refused as refused:
            raise self._refusal(refused, version) from refused
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise self._error(
                f"the registry at {self._endpoint.url} can't be reached: {reason}",
                version,
                hint=self._way_out(reason),
            ) from error
        except ValueError as error:
            raise self._error(f"the registry's answer can't be read: {error}", version) from error

    def _exchange(
        self, method: str, url: str, headers: dict[str, str], data: bytes | IO[bytes] | None
    ) -> Answer:
        sent = dict(headers)
        if self._header is not None and url.startswith(f"{self._endpoint.url}/"):
            sent["Authorization"] = self._header  # an upload's place may be another host's
        authority = self._endpoint.authority
        return exchange(method, url, headers=sent, data=data, authority=authority)

    def _refusal(self, refused: Refused, version: str) -> RegistryError:
        told = _told(refused.content)
        words = f"HTTP {refused.status}{f', {told}' if told else ''}"
        if refused.status in (_UNAUTHORIZED, _FORBIDDEN):
            return self._error(
                f"the registry refuses: {words}",
                version,
                status=refused.status,
                hint=f"`docker login {self.domain}` as somebody who may "
                + ("write there" if "push" in self._scopes[0] else "read there"),
            )
        if refused.status == _NOT_FOUND:
            return self._error(f"not in the registry: {words}", version, status=refused.status)
        return self._error(f"the registry failed: {words}", version, status=refused.status)

    def _way_out(self, reason: object) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in str(reason):
            return f"put its certificate authority into {CERTIFICATES}/{self.domain}/ca.crt"
        return "check the name, the network, and HTTPS_PROXY and NO_PROXY"

    def _error(
        self, message: str, version: str, *, status: int | None = None, hint: str | None = None
    ) -> RegistryError:
        separator = "@" if ":" in version else ":"
        reference = f"{self.name}{separator}{version}" if version else self.name
        return RegistryError(message, reference=reference, status=status, hint=hint)


def _told(content: bytes) -> str:
    """Return what an error's body says, or ""."""
    try:
        errors = json.loads(content)["errors"]
        return "; ".join(str(each.get("message") or each.get("code")) for each in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
