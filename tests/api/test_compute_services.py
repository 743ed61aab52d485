"""Nova's services over the REST interface."""

from __future__ import annotations

import pytest

from tests.api.conftest import Person
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_it_lists_them(stage: Stage, auditor: Person) -> None:
    service = stage.cloud.service("compute-34")
    stage.cloud.set_service(service.id, enabled=False, reason="Memory")
    answer = auditor.get("services/", cloud="pretend")
    assert answer.status == 200
    (found,) = (it for it in answer.json if it["host"] == "compute-34")
    assert found.pop("updated_at")
    assert found == {
        "id": service.id,
        "binary": "nova-compute",
        "host": "compute-34",
        "zone": "OS1",
        "status": "disabled",
        "state": "up",
        "forced_down": False,
        "disabled_reason": "Memory",
    }
    assert {it["binary"] for it in answer.json} == {
        "nova-compute",
        "nova-conductor",
        "nova-scheduler",
    }


def test_it_disables_and_enables(stage: Stage, operator: Person) -> None:
    path = f"services/{stage.cloud.service('compute-34').id}"
    answer = operator.post(f"{path}/disable/", reason="Memory")
    assert (answer.status, answer.json["status"]) == (200, "disabled")
    assert answer.json["disabled_reason"] == "Memory (otto via novaweb)"
    answer = operator.post(f"{path}/disable/", reason="Memory")
    assert answer.status == 409
    assert "disabled already" in answer.detail
    answer = operator.post(f"{path}/enable/", note="It is in.", cloud="pretend")
    assert (answer.status, answer.json["status"]) == (200, "enabled")


@pytest.mark.parametrize(
    "verb, sent, status",
    [
        ("disable", {}, 400),
        ("disable", {"reason": "x", "note": "x"}, 400),
        ("disable", {"reason": "x", "cloud": "nowhere"}, 422),
        ("disable", {"reason": "AUTO: x"}, 422),
        ("enable", {}, 400),
        ("enable", {"note": "x"}, 409),
    ],
)
def test_it_refuses_what_makes_no_sense(
    stage: Stage, operator: Person, verb: str, sent: dict[str, str], status: int
) -> None:
    service = stage.cloud.service("compute-34")
    answer = operator.post(f"services/{service.id}/{verb}/", **sent)
    assert answer.status == status
    assert stage.cloud.service("compute-34").enabled


def test_a_cloud_that_does_not_answer_says_so(stage: Stage, auditor: Person) -> None:
    stage.cloud.down()
    answer = auditor.get("services/")
    assert answer.status == 503
    assert "does not answer" in answer.detail
