"""What the client makes of answers, and of none, with a session that is a fake."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from novaweb_client.api import Api, ApiError, Refused, Unanswered
from tests.client.conftest import ADDRESS, made

PROBLEM = {"Content-Type": "application/problem+json"}


class Canned(BaseAdapter):
    """Answers what it was given, one after the other, or raises it."""

    def __init__(self, *answers: requests.Response | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.seen: list[requests.PreparedRequest] = []
        self.proxies: list[dict[str, str]] = []

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        self.seen.append(request)
        self.proxies.append(dict(kwargs["proxies"]))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        answer.url, answer.request = str(request.url), request
        return answer

    def close(self) -> None:
        """Do nothing: nothing is open."""


def api_of(*answers: requests.Response | Exception) -> tuple[Api, Canned]:
    canned = Canned(*answers)
    session = requests.Session()
    session.mount("https://", canned)
    return Api(ADDRESS, token="secret", session=session), canned


def problem(status: int, **body: Any) -> requests.Response:
    return made(status=status, body=json.dumps(body).encode(), headers=PROBLEM)


def test_it_shows_the_token_whatever_netrc_says(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine novaweb.example.org login x password y\n")
    monkeypatch.setenv("NETRC", str(netrc))
    api, canned = api_of(made(body=b"{}"))

    api.get("requests/")

    assert canned.seen[0].headers["Authorization"] == "Bearer secret"


def test_it_takes_the_token_nowhere_else() -> None:
    there = "https://elsewhere.example.org/api/requests/"
    api, canned = api_of(made(status=302, headers={"Location": there}))

    with pytest.raises(ApiError, match="elsewhere") as refused:
        api.get("requests/")

    assert len(canned.seen) == 1
    assert not isinstance(refused.value, Unanswered)


def test_no_proxy_reads_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    canned = Canned(made(body=b"{}"), made(body=b"{}"))
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, canned)
    address = "http://127.0.0.1:8000"

    Api(ADDRESS, token="secret", session=session).get("requests/")
    Api(address, token="secret", session=session).get("requests/")

    # one for https:// only hands on what it cannot read
    assert "https" in canned.proxies[0]
    assert canned.proxies[1] == {}


def test_the_next_page_is_asked_of_the_same_address() -> None:
    following = "http://127.0.0.1:8000/api/requests/?page=2&page_size=2"
    pages = [
        {"count": 3, "next": following, "results": [{"id": 3}, {"id": 2}]},
        {"count": 3, "next": None, "results": [{"id": 2}, {"id": 1}]},
    ]
    api, canned = api_of(*(made(body=json.dumps(page).encode()) for page in pages))

    rows = list(api.rows("requests/"))

    assert [row["id"] for row in rows] == [3, 2, 1]
    assert canned.seen[1].url == f"{ADDRESS}/api/requests/?page=2&page_size=2"


def test_a_refusal_is_the_sentence_of_novaweb_with_its_findings() -> None:
    findings = [
        {"severity": "blocks", "sentence": "It is full.", "remedy": "Free it."},
        {"severity": "blocks", "sentence": "It is off.", "remedy": ""},
        {"severity": "ok", "sentence": "All is well.", "remedy": ""},
    ]
    api, _ = api_of(problem(422, detail="It is full. Free it.", findings=findings))

    with pytest.raises(Refused) as refused:
        api.post("requests/")

    assert str(refused.value) == "It is full. Free it.\nIt is off."


def test_a_refusal_does_not_steer_the_terminal() -> None:
    api, _ = api_of(problem(404, detail="There is no \x1b[2Jweb."))

    with pytest.raises(Refused) as refused:
        api.get("requests/1/")

    assert str(refused.value) == r"There is no \x1b[2Jweb."


@pytest.mark.parametrize(
    "answer",
    [
        made(body=b"<h1>Welcome</h1>"),
        made(body=b'{"name": "another API"}'),
        made(status=404, body=b"<h1>Not here</h1>"),
    ],
    ids=["page", "other", "missing"],
)
def test_an_address_of_something_else_is_told(answer: requests.Response) -> None:
    api, _ = api_of(answer)

    with pytest.raises(ApiError, match=r"novaweb\.example\.org"):
        list(api.rows("requests/"))


def refused_connection() -> Exception:
    inner = ConnectionRefusedError(111, "Connection refused")
    try:
        raise NewConnectionError(None, "Failed to establish") from inner  # type: ignore[arg-type]
    except NewConnectionError as error:
        outer = MaxRetryError(None, "/api/", error)  # type: ignore[arg-type]
        outer.__cause__ = error
        found = requests.ConnectionError(outer)
        found.__context__ = outer
        return found


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (refused_connection(), "Connection refused"),
        (requests.ReadTimeout(), "it took too long"),
        (requests.exceptions.SSLError(ssl.SSLError()), "SSLError"),
        (made(status=502, body=b"<h1>Bad gateway</h1>"), "HTTP 502"),
        (problem(503, detail="The database is away."), "The database is away"),
    ],
    ids=["connection", "time", "certificate", "proxy", "database"],
)
def test_no_answer_is_told_with_its_cause(trouble: Any, why: str) -> None:
    api, _ = api_of(trouble)

    with pytest.raises(Unanswered) as unanswered:
        api.get("requests/")

    assert unanswered.value.why == why
    assert "HTTPConnectionPool" not in str(unanswered.value)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; time passes by them alone."""
    pauses: list[float] = []
    monkeypatch.setattr("novaweb_client.api.sleep", pauses.append)
    monkeypatch.setattr("novaweb_client.api.monotonic", lambda: 1000 + sum(pauses))
    return pauses


def keys(canned: Canned) -> list[str]:
    return [str(each.headers["Idempotency-Key"]) for each in canned.seen]


@pytest.mark.parametrize(
    "loss",
    [requests.ReadTimeout(), made(status=502, body=b"<h1>Bad gateway</h1>")],
    ids=["time", "proxy"],
)
def test_what_was_lost_is_sent_again_with_its_key(
    loss: Any, clock: list[float]
) -> None:
    api, canned = api_of(loss, requests.ConnectionError(), made(body=b'{"id": 7}'))

    assert api.post("requests/", reason="x") == {"id": 7}

    assert len(set(keys(canned))) == 1
    assert len({each.body for each in canned.seen}) == 1
    assert clock == [1, 2]


def test_each_request_has_a_key_of_its_own() -> None:
    api, canned = api_of(made(body=b"{}"), made(body=b"{}"))
    for _ in range(2):
        api.post("requests/")
    assert len(set(keys(canned))) == 2


def test_while_novaweb_is_at_it_it_waits_as_long_as_it_is_told(
    clock: list[float],
) -> None:
    busy = problem(409, type="urn:novaweb:unanswered", detail="No answer yet.")
    busy.headers["Retry-After"] = "5"
    api, _ = api_of(requests.ReadTimeout(), busy, made(body=b'{"id": 7}'))

    assert api.post("requests/") == {"id": 7}
    assert clock == [1, 5]


def test_where_novaweb_died_meanwhile_a_person_is_to_look(clock: list[float]) -> None:
    dead = problem(409, type="urn:novaweb:unanswered", detail="Look at it.")
    api, _ = api_of(requests.ReadTimeout(), dead)

    with pytest.raises(Refused, match="Look at it"):
        api.post("requests/")
    assert clock == [1]


def test_it_does_not_pretend_to_know_whether_a_lost_request_was_carried_out(
    clock: list[float],
) -> None:
    api, canned = api_of(*(requests.ReadTimeout() for _ in range(100)))

    with pytest.raises(Unanswered, match="not known whether"):
        api.post("requests/")

    assert sum(clock) <= 60
    assert len(set(keys(canned))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        problem(503, detail="The cloud does not answer."),
        problem(429, detail="Too often."),
        requests.exceptions.SSLError(ssl.SSLError()),
    ],
    ids=["cloud", "often", "certificate"],
)
def test_what_was_certainly_not_carried_out_is_told_at_once(
    answer: Any, clock: list[float]
) -> None:
    api, canned = api_of(answer)
    with pytest.raises(Unanswered):
        api.post("requests/")
    assert len(canned.seen) == 1
    assert clock == []


def test_it_hears_how_long_to_wait() -> None:
    answer = problem(429, detail="Too often.")
    answer.headers["Retry-After"] = "7"
    api, _ = api_of(answer)

    with pytest.raises(Unanswered) as unanswered:
        api.get("requests/")

    assert unanswered.value.wait == 7
