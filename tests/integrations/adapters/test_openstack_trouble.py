"""Whatever a cloud answers, and whatever the libraries raise: one of our errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keystoneauth1 import exceptions as ksa

from migrations_app.errors import (
    Blocked,
    Conflict,
    Gone,
    Refused,
    Unreachable,
    WorldError,
)
from migrations_app.integrations.adapters.openstack import OpenStackCloud, http_errors
from tests.integrations.adapters.library_errors import every_exception, name_of
from tests.integrations.adapters.sham import (
    HANG_UP,
    SECRET,
    Sham,
    running,
    write_clouds,
)

SERVER = "GET /compute/v2.1/servers/u"
ACTION = "POST /compute/v2.1/servers/u/action"


@pytest.fixture
def clouds_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    return path


@pytest.fixture
def sham(clouds_yaml: Path) -> Iterator[Sham]:
    with running() as sham:
        write_clouds(clouds_yaml, sham.base("identity"))
        yield sham


@pytest.fixture
def cloud() -> OpenStackCloud:
    return OpenStackCloud("sham", timeout=5)


def nova_says(text: str) -> dict[str, Any]:
    return {"anyFault": {"message": text}}


@pytest.mark.parametrize(
    "status, error, sentence",
    [
        (400, Blocked, "Nova will not do this (400): Because."),
        (401, Refused, "credentials of cloud sham in clouds.yaml"),
        (403, Refused, "does not let our account do this (403): Because."),
        (404, Gone, "Instance u does not exist in cloud sham (any more)."),
        (406, Refused, "too old"),
        (409, Conflict, "Nova cannot do this now (409): Because."),
        (413, Unreachable, "could not answer (413)"),
        (429, Unreachable, "could not answer (429)"),
        (500, Unreachable, "could not answer (500): Because."),
        (502, Unreachable, "could not answer (502)"),
        (503, Unreachable, "could not answer (503)"),
        (504, Unreachable, "could not answer (504)"),
    ],
)
def test_a_bad_status_becomes_a_sentence(
    sham: Sham,
    cloud: OpenStackCloud,
    status: int,
    error: type[WorldError],
    sentence: str,
) -> None:
    sham.answers[SERVER] = status, nova_says("Because")
    with pytest.raises(WorldError) as caught:
        cloud.server("u")
    assert isinstance(caught.value, error)
    assert sentence in caught.value.sentence
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "body", ["<html>Hello</html>", "{}", "[]", '"x"', "null", '{"server": {}}', ""]
)
def test_an_answer_without_sense_is_no_answer(
    sham: Sham, cloud: OpenStackCloud, body: str
) -> None:
    sham.answers[SERVER] = 200, body
    with pytest.raises(Unreachable, match="does not understand"):
        cloud.server("u")


def test_a_page_that_says_not_found_is_no_proof_that_a_server_is_gone(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers[SERVER] = 404, "<html>nginx</html>"
    with pytest.raises(Unreachable, match="endpoint in its catalogue"):
        cloud.server("u")


@pytest.mark.parametrize("token", ["{}", "[]", "Hello", '{"token": {}}'])
def test_a_token_without_sense_is_no_answer(
    sham: Sham, cloud: OpenStackCloud, token: str
) -> None:
    sham.answers["POST /identity/v3/auth/tokens"] = 201, token
    with pytest.raises(WorldError):
        cloud.whoami()
    with pytest.raises(WorldError):
        cloud.server("u")
    with pytest.raises(WorldError):
        cloud.migrate("u", host=None)


def test_a_request_is_never_sent_twice(sham: Sham, cloud: OpenStackCloud) -> None:
    sham.answers[ACTION] = HANG_UP
    with pytest.raises(Unreachable, match="does not answer"):
        cloud.live_migrate("u", host="h")
    assert sham.count(ACTION) == 1
    sham.answers[ACTION] = 503, nova_says("Later")
    with pytest.raises(Unreachable, match="503"):
        cloud.migrate("u", host="h")
    assert sham.count(ACTION) == 2


def test_a_service_that_takes_too_long_is_unreachable(
    sham: Sham, clouds_yaml: Path
) -> None:
    cloud = OpenStackCloud("sham", timeout=0.3)
    sham.answers[SERVER] = 200, {}
    cloud.whoami()
    sham.slow = 1.0
    with pytest.raises(Unreachable, match="did not answer in time"):
        cloud.server("u")


def test_a_catalogue_without_nova_says_what_to_check(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.services = ["identity"]
    with pytest.raises(Refused, match="lists no Nova in its catalogue"):
        cloud.server("u")


def test_a_certificate_that_is_not_trusted_says_where_to_put_it(
    sham: Sham, cloud: OpenStackCloud, clouds_yaml: Path
) -> None:
    write_clouds(clouds_yaml, sham.url.replace("http:", "https:") + "/v3")
    with pytest.raises(Unreachable, match="set cacert"):
        cloud.whoami()


@pytest.mark.parametrize("path", ["", "/v3", "/elsewhere", "/elsewhere/v3"])
def test_a_keystone_that_is_not_there_says_to_check_its_address(
    sham: Sham, cloud: OpenStackCloud, clouds_yaml: Path, path: str
) -> None:
    write_clouds(clouds_yaml, sham.url + path)
    with pytest.raises(Unreachable, match="auth_url"):
        cloud.whoami()


@pytest.mark.parametrize(
    "text, sentence",
    [
        (None, "There is no cloud sham in clouds.yaml"),
        ("clouds: {other: {auth: {}}}", "There is no cloud sham in clouds.yaml"),
        ("clouds: {sham: {auth: {}}}", "not usable: it lacks auth_url"),
        ("clouds: {sham: {auth_type: magic}}", "is not usable"),
        ("clouds: {sham: 7}", "is not usable"),
        ("clouds: [", "clouds.yaml"),
        ("- 1", "is not usable"),
        ("", "There is no cloud sham in clouds.yaml"),
    ],
)
def test_a_clouds_yaml_that_is_no_use_says_what_is_wrong(
    cloud: OpenStackCloud, clouds_yaml: Path, text: str | None, sentence: str
) -> None:
    if text is not None:
        clouds_yaml.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=sentence):
        cloud.whoami()


def test_a_corrected_clouds_yaml_is_read_without_a_restart(
    sham: Sham, cloud: OpenStackCloud, clouds_yaml: Path
) -> None:
    right = clouds_yaml.read_text(encoding="utf-8")
    clouds_yaml.write_text("clouds: {}", encoding="utf-8")
    with pytest.raises(Refused):
        cloud.whoami()
    clouds_yaml.write_text(right, encoding="utf-8")
    assert cloud.whoami() == "me"


def test_a_password_that_turned_wrong_is_read_again_without_a_restart(
    sham: Sham, cloud: OpenStackCloud, clouds_yaml: Path
) -> None:
    assert cloud.whoami() == "me"
    sham.answers["GET /compute/v2.1/os-services"] = (401, nova_says("no"))
    with pytest.raises(Refused, match="check the credentials"):
        cloud.services()
    clouds_yaml.write_text("clouds: {}", encoding="utf-8")
    with pytest.raises(Refused, match="There is no cloud sham"):
        cloud.services()


def test_a_password_that_keystone_does_not_take_is_read_again_too(
    sham: Sham, cloud: OpenStackCloud, clouds_yaml: Path
) -> None:
    sham.answers["POST /identity/v3/auth/tokens"] = (401, nova_says("no"))
    with pytest.raises(Refused, match="check the credentials"):
        cloud.whoami()
    clouds_yaml.write_text("clouds: {}", encoding="utf-8")
    with pytest.raises(Refused, match="There is no cloud sham"):
        cloud.whoami()


@pytest.mark.parametrize("error", every_exception(), ids=name_of)
def test_every_exception_of_the_libraries_becomes_a_sentence(
    error: Exception,
) -> None:
    assert isinstance(error, http_errors.TROUBLES)
    ours = http_errors.error_for_exception("sham", "compute", error)
    assert isinstance(ours, (Blocked, Conflict, Refused, Unreachable))
    assert "sham" in ours.sentence or "Keystone" in ours.sentence
    assert ours.sentence.endswith(".")
    if not isinstance(error, ksa.HttpError):  # what Keystone said may be shown
        assert SECRET not in ours.sentence


def test_no_secret_is_shown(sham: Sham, cloud: OpenStackCloud) -> None:
    cloud.whoami()
    sham.answers[SERVER] = 500, nova_says("Oh")
    with pytest.raises(Unreachable) as caught:
        cloud.server("u")
    shown = f"{cloud!r} {vars(cloud)} {caught.value} {caught.value.__cause__}"
    assert SECRET not in shown


def test_projects_that_we_may_not_read_have_no_names(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers["GET /identity/v3/projects"] = 403, nova_says("Not yours")
    assert cloud.projects() == []
