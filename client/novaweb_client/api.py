"""novaweb's HTTP API: JSON and a bearer token (docs/api.md)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from osc_lib import exceptions

from novaweb_client.wording import clean, cleaned

CONNECT, READ = 10.0, 60.0  # seconds: until it is connected, and between two bytes
MOST_ON_A_PAGE = 1000
PIECE = 65536  # bytes of a download
# For so many seconds what was perhaps carried out is asked for again, with its key; the
# pause doubles up to the longest.
AGAIN_FOR, FIRST_PAUSE, LONGEST_PAUSE = 60.0, 1.0, 8.0
UNANSWERED = "urn:novaweb:unanswered"


class ApiError(exceptions.CommandError):
    """novaweb did not do what was asked; the text is a sentence for a person."""


class Refused(ApiError):
    """novaweb said no, in its own sentence. ``status`` is HTTP's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Unanswered(ApiError):
    """No answer, or one that another try may change: lost, overloaded, restarted.

    ``why`` is a part of a sentence; ``wait``: the seconds to wait that novaweb asked
    for, or 0; ``lost``: novaweb may have carried it out, or be at it still.
    """

    def __init__(
        self, sentence: str, *, why: str, wait: float = 0.0, lost: bool = False
    ) -> None:
        super().__init__(sentence)
        self.why = why
        self.wait = wait
        self.lost = lost


class Bearer(requests.auth.AuthBase):
    """The token of each request; without one, requests would look into ~/.netrc."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with the token."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Api:
    """What one person may do through the API at ``address``."""

    def __init__(
        self,
        address: str,
        *,
        token: str,
        session: requests.Session | None = None,
        verify: bool | str = True,
    ) -> None:
        self.address = address.rstrip("/")
        self.auth = Bearer(token)
        self.session = session or requests.Session()
        if urlsplit(address).scheme == "http":
            # what is for this machine goes by no proxy, which could read the token
            self.session.trust_env = False
        self.verify = verify

    def get(self, path: str, *, within: float = READ, **filters: Any) -> Any:
        """Return the answer. Raises Refused, Unanswered, ApiError."""
        return self._json(self._sent("GET", path, params=filters, within=within))

    def post(self, path: str, **fields: Any) -> Any:
        """Return the answer. Raises Refused, Unanswered, ApiError.

        When the answer is lost it is sent again, with the same key: novaweb answers
        then what it answered first, and does nothing twice.
        """
        key = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
        pause, end = FIRST_PAUSE, 0.0
        while True:
            try:
                return self._json(self._sent("POST", path, json=fields, headers=key))
            except Unanswered as error:
                end = end or monotonic() + AGAIN_FOR
                pause = max(pause, error.wait)
                if not error.lost or monotonic() + pause > end:
                    raise
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def rows(
        self, path: str, *, limit: int = 0, **filters: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list, ``limit`` at most (0: all), none of them twice.

        While rows are added, a page begins with some of the page before.
        """
        asked = {**filters, "page_size": min(limit or MOST_ON_A_PAGE, MOST_ON_A_PAGE)}
        seen: set[Any] = set()
        while True:
            answer = self.get(path, **asked)
            if not isinstance(answer, dict) or "results" not in answer:
                raise self._stranger()
            for row in answer["results"]:
                if limit and len(seen) == limit:
                    return
                if row["id"] not in seen:
                    seen.add(row["id"])
                    yield row
            if not answer.get("next") or (limit and len(seen) == limit):
                return
            # only what it asks for: the token goes nowhere but to our address
            asked = dict(parse_qsl(urlsplit(answer["next"]).query))

    def download(self, path: str, **filters: Any) -> Iterator[bytes]:
        """Yield what a POST answers, piece by piece. Raises as ``post`` does."""
        with closing(
            self._sent("POST", path, params=filters, json={}, stream=True)
        ) as answer:
            try:
                yield from answer.iter_content(PIECE)
            except requests.RequestException as error:
                raise Unanswered(
                    f"The download broke off ({cause(error)}): try again.",
                    why=cause(error),
                ) from error

    def _sent(
        self,
        method: str,
        path: str,
        *,
        within: float = READ,
        headers: dict[str, str] | None = None,
        **what: Any,
    ) -> requests.Response:
        try:
            answer = self.session.request(
                method,
                f"{self.address}/api/{path}",
                auth=self.auth,
                headers={"Accept": "application/json", **(headers or {})},
                timeout=(min(CONNECT, within), within),
                # elsewhere the token is none of anybody's business
                allow_redirects=False,
                verify=self.verify,
                **what,
            )
        except requests.RequestException as error:
            # a connection that is not trusted was never used
            lost = not isinstance(error, requests.exceptions.SSLError)
            raise self._unanswered(method, cause(error), lost=lost) from error
        if answer.ok and not answer.is_redirect:
            return answer
        with closing(answer):
            raise self._problem(method, answer)

    def _problem(self, method: str, answer: requests.Response) -> ApiError:
        """Return what an answer of 300 and above says."""
        if answer.status_code < 400:
            there = clean(answer.headers.get("Location", "another address"))
            return ApiError(
                f"{self.address} leads to {there}: give novaweb's own address."
            )
        kind, sentence = _told(answer)
        after = answer.headers.get("Retry-After", "")
        wait = float(after) if after.isdecimal() else 0.0
        if answer.status_code == 429:
            return Unanswered(
                sentence or f"{self.address} was asked too often: try again later.",
                why="it was asked too often",
                wait=wait,
            )
        if kind == UNANSWERED and wait:
            return Unanswered(sentence, why="it is at it still", wait=wait, lost=True)
        if sentence:
            if answer.status_code >= 500:
                return Unanswered(sentence, why=sentence.rstrip("."))
            return Refused(answer.status_code, sentence)
        said = f"HTTP {answer.status_code} {clean(answer.reason or '')}".rstrip()
        if answer.status_code >= 500:  # a proxy, while the site is restarted
            return self._unanswered(method, said, lost=True)
        return Refused(answer.status_code, f"{self.address} answers {said}.")

    def _unanswered(self, method: str, why: str, *, lost: bool) -> Unanswered:
        sentence = f"novaweb at {self.address} does not answer ({why})."
        if method == "POST":
            sentence += (
                " It is not known whether this was carried out: look before you ask"
                " again."
            )
        return Unanswered(sentence, why=why, lost=lost)

    def _json(self, answer: requests.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise self._stranger() from error

    def _stranger(self) -> ApiError:
        return ApiError(
            f"{self.address} does not answer as novaweb does: is it novaweb's address?"
        )


def _told(answer: requests.Response) -> tuple[str, str]:
    """Return a problem's type (RFC 9457), and what it says to a person.

    With its findings; both are empty if it is no problem.
    """
    try:
        problem = answer.json()
    except ValueError:
        return "", ""
    if not isinstance(problem, dict) or not isinstance(problem.get("detail"), str):
        return "", ""
    problem = cleaned(problem)
    told = [problem["detail"]]
    for finding in problem.get("findings") or ():
        if finding["severity"] in ("blocks", "unknown"):
            told.append(f"{finding['sentence']} {finding['remedy']}".rstrip())
    # the first of them is mostly the detail itself
    return str(problem.get("type", "")), "\n".join(dict.fromkeys(told))


def cause(error: requests.RequestException) -> str:
    """Return why there was no answer, in as few words as the system has for it."""
    if isinstance(error, requests.Timeout):
        return "it took too long"
    known: BaseException | None = error
    while known is not None:
        if (
            isinstance(known, OSError)
            and not isinstance(known, requests.RequestException)
            and known.strerror
        ):
            return known.strerror
        known = known.__cause__ or known.__context__
    return type(error).__name__
