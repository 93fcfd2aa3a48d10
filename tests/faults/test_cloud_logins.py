"""Logging in to a cloud: each way works, is renewed in time, once for all, and never again if it fails."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import pytest
from pydantic import SecretStr

from clouds.error import Meaning
from clouds.ims import IMAGES_PATH, Page, list_parameters, parse_page
from engines.clock import Clock
from ims_catalog.sandbox.answer import Answer, forbidden, identity_error
from ims_catalog.sandbox.estate import Project, draw_estate
from ims_catalog.sandbox.fault import Cut, Effect, Fault, Hang, Received, Rewrite
from ims_catalog.sandbox.login import ACCOUNT, AGENCY, PASSWORD, TEMPORARY, USER, Key
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from indexer.deadline import deadline_in
from indexer.limits import Limits
from indexer.sources.account import Account, open_account
from indexer.sources.credential import (
    AccessKey,
    Agency,
    Base,
    Credential,
    InstanceKeys,
    NoCredential,
    Password,
    ReadyToken,
    Unreadable,
)
from indexer.sources.failure import Failure
from indexer.sources.http import open_session
from indexer.sources.lane import Lanes
from indexer.sources.source import Source

ESTATE = draw_estate(images=60, seed=3, regions=2, projects=6)
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LIMITS = Limits(
    request_timeout=5.0,
    requests_per_second=1000.0,
    concurrency=20,
    first_wait=0.001,
    longest_wait=0.002,
    attempts=3,
    probe_every=0.002,
    longest_outage=0.02,
)
USER_LOGIN = Password(USER, ACCOUNT, SecretStr(PASSWORD))


@dataclass
class Rig:
    """A cloud and one account of it, both on one clock that only the test moves; `off` is ours alone."""

    sandbox: Sandbox
    account: Account
    moment: list[float]
    off: list[timedelta]

    async def page(self, project: Project | None = None, deadline: float = 60.0) -> Page:
        """Ask for the first page of a project's images."""
        asked = project or self.sandbox.projects[0]
        return await self.account.ask(
            self.sandbox.ims_endpoint.replace("{region}", asked.region),
            IMAGES_PATH,
            list_parameters("gold", project=asked.id),
            parse_page,
            project=asked.id,
            deadline=deadline_in(deadline, self.clock),
        )

    async def failure(self, project: Project | None = None, deadline: float = 60.0) -> Failure:
        """Ask in vain."""
        with pytest.raises(Failure) as caught:
            await self.page(project, deadline)
        return caught.value

    @property
    def clock(self) -> Clock:
        """Ours."""
        return clock(self.moment, self.off)

    @property
    def logins(self) -> list[Received]:
        """What was posted, and what an instance asked."""
        return [one for one in self.sandbox.requests if one.method == "POST" or one.service == "instance"]


def clock(moment: list[float], off: list[timedelta]) -> Clock:
    async def sleep(seconds: float) -> None:
        moment[0] += seconds
        await asyncio.sleep(0)

    return Clock(lambda: START + timedelta(seconds=moment[0]) + off[0], lambda: moment[0], sleep)


@asynccontextmanager
async def rigged(
    credential: Credential | Callable[[Sandbox], Credential],
    *,
    reread: Callable[[], Credential] | None = None,
    limits: Limits = LIMITS,
) -> AsyncIterator[Rig]:
    moment, off = [0.0], [timedelta()]
    async with await start_sandbox(ESTATE, now=lambda: START + timedelta(seconds=moment[0])) as sandbox:
        given = credential(sandbox) if callable(credential) else credential
        source = Source(
            name="prod",
            cloud="huawei",
            regions=sandbox.regions,
            endpoint=sandbox.ims_endpoint,
            ecs_endpoint=sandbox.ecs_endpoint,
            identity_endpoint=sandbox.identity_endpoint,
            credential=given,
            reread=reread,
        )
        async with open_session(limits) as session:
            account = open_account(source, session, Lanes(limits, clock(moment, off)), limits)
            yield Rig(sandbox, account, moment, off)


def keys(sandbox: Sandbox) -> AccessKey:
    return AccessKey(SecretStr(sandbox.access_key), SecretStr(sandbox.secret_key))


def temporary(_: Sandbox) -> AccessKey:
    return AccessKey(
        SecretStr(TEMPORARY.access), SecretStr(TEMPORARY.secret), SecretStr(str(TEMPORARY.security_token))
    )


def instance(sandbox: Sandbox) -> InstanceKeys:
    return InstanceKeys(sandbox.instance_address)


def token(sandbox: Sandbox) -> ReadyToken:
    return ReadyToken(SecretStr(sandbox.token(sandbox.projects[0])))


def agency_of(base: Callable[[Sandbox], Base]) -> Callable[[Sandbox], Agency]:
    return lambda sandbox: Agency(ACCOUNT, AGENCY, base(sandbox))


def user(_: Sandbox) -> Password:
    return USER_LOGIN


@pytest.mark.parametrize(
    ("credential", "logins"),
    [
        pytest.param(keys, [], id="aksk"),
        pytest.param(temporary, [], id="aksk with a security token"),
        pytest.param(token, [], id="token"),
        pytest.param(user, ["/v3/auth/tokens"], id="password"),
        pytest.param(instance, ["/openstack/latest/securitykey"], id="instance"),
        pytest.param(agency_of(keys), ["/v3.0/OS-CREDENTIAL/securitytokens"], id="agency by aksk"),
        pytest.param(agency_of(token), ["/v3.0/OS-CREDENTIAL/securitytokens"], id="agency by token"),
        pytest.param(
            agency_of(user),
            ["/v3/auth/tokens", "/v3.0/OS-CREDENTIAL/securitytokens"],
            id="agency by password",
        ),
        pytest.param(
            agency_of(instance),
            ["/openstack/latest/securitykey", "/v3.0/OS-CREDENTIAL/securitytokens"],
            id="agency by instance",
        ),
    ],
)
async def test_each_way_lets_in_and_logs_in_once_for_all(
    credential: Callable[[Sandbox], Credential], logins: list[str]
) -> None:
    async with rigged(credential) as rig:
        pages = await asyncio.gather(*(rig.page() for _ in range(20)))
        assert all(page.images for page in pages)
        assert [one.path.removeprefix("/iam").removeprefix("/instance") for one in rig.logins] == logins
        assert {one.method for one in rig.sandbox.requests if one.service in {"ims", "ecs"}} == {"GET"}


async def test_a_token_is_for_one_project() -> None:
    async with rigged(USER_LOGIN) as rig:
        for _ in range(2):
            await asyncio.gather(*(rig.page(project) for project in rig.sandbox.projects))
        assert len(rig.logins) == len(rig.sandbox.projects)


@pytest.mark.parametrize(
    ("credential", "life"),
    [
        pytest.param(user, 24 * 3600.0, id="password"),
        pytest.param(agency_of(keys), 3600.0, id="agency"),
        pytest.param(instance, 3600.0, id="instance"),
    ],
)
async def test_what_was_issued_is_renewed_at_four_fifths_of_its_life(
    credential: Callable[[Sandbox], Credential], life: float
) -> None:
    async with rigged(credential) as rig:
        await rig.page()
        # The wall clock of this machine does not matter for a token: both its moments are the cloud's.
        rig.moment[0] += life * 0.75
        await rig.page()
        assert len(rig.logins) == 1
        rig.moment[0] += life * 0.1
        await asyncio.gather(*(rig.page() for _ in range(20)))
        assert len(rig.logins) == 2
        rig.moment[0] += life * 0.7
        await rig.page()
        assert len(rig.logins) == 2, "it counts from the last login"


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(user, id="password"),
        pytest.param(agency_of(keys), id="agency"),
        pytest.param(instance, id="instance"),
    ],
)
async def test_case_18_one_new_login_for_all_when_it_ends_too_early(
    credential: Callable[[Sandbox], Credential],
) -> None:
    async with rigged(credential) as rig:
        await rig.page()
        for expected in (2, 3):
            rig.sandbox.login.revoke()
            pages = await asyncio.gather(*(rig.page() for _ in range(20)))
            assert all(page.images for page in pages)
            assert len(rig.logins) == expected


async def test_case_18_a_token_that_is_never_accepted_makes_no_loop() -> None:
    async with rigged(USER_LOGIN) as rig:
        expired = Answer(401, b'{"error_code": "APIG.0307", "error_msg": "The token must be updated"}')
        rig.sandbox.fail(Fault(lambda one: one.service == "ims", expired))
        for _ in range(5):
            failures = await asyncio.gather(*(rig.failure() for _ in range(5)))
            assert {failure.meaning for failure in failures} == {Meaning.EXPIRED_LOGIN}
        assert len(rig.logins) == 2
        assert str(failures[0]) == "expired login (HTTP 401 APIG.0307): The token must be updated"


async def test_a_cloud_that_refuses_every_other_request_makes_no_loop() -> None:
    async with rigged(USER_LOGIN) as rig:
        expired = Answer(401, b'{"error_code": "APIG.0307", "error_msg": "The token must be updated"}')
        turns = count()
        rig.sandbox.fail(Fault(lambda one: one.service == "ims" and next(turns) % 2 == 1, expired))
        for _ in range(50):
            with suppress(Failure):
                await rig.page()
        assert len(rig.logins) == 11


DOWN = Answer(503, b"<html>busy</html>")


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        pytest.param(DOWN, "temporary (HTTP 503): busy", id="down"),
        pytest.param(
            identity_error(429, "Too many", "x"), "throttled (HTTP 429 429): Too many", id="throttled"
        ),
        pytest.param(
            identity_error(403, "locked", "Forbidden"), "forbidden (HTTP 403 403): locked", id="locked"
        ),
        pytest.param(Cut(10), "the connection broke", id="cut"),
        pytest.param(Rewrite(lambda _: b"<html>"), "the answer is not JSON", id="HTML"),
        pytest.param(
            Answer(201, b'{"token": {}}'),
            "the header X-Subject-Token is missing",
            id="no token in the header",
        ),
        pytest.param(
            Answer(201, b'{"token": {}}', {"X-Subject-Token": "a b"}),
            "can be sent in a header",
            id="no token at all",
        ),
        pytest.param(Answer(302, b"", {"Location": "http://127.0.0.1:1/"}), "a redirect", id="a redirect"),
    ],
)
@pytest.mark.parametrize("login", ["password", "agency"])
async def test_case_18_a_login_that_fails_is_not_made_again(effect: Effect, reason: str, login: str) -> None:
    if login == "agency" and "Subject" in reason + str(effect):
        effect, reason = (
            Answer(201, b'{"credential": {"access": "a"}}'),
            "'secret' of temporary keys is missing",
        )
    async with rigged(user if login == "password" else agency_of(keys)) as rig:
        fault = rig.sandbox.fail(Fault(lambda one: one.method == "POST", effect))
        failures = list(await asyncio.gather(*(rig.failure() for _ in range(10))))
        rig.sandbox.faults.remove(fault)
        failures.append(await rig.failure())
        assert len(rig.logins) == 1
        assert {reason in str(failure) for failure in failures} == {True}
        assert not any(failure.passing for failure in failures)
        assert not any(one.service == "ims" for one in rig.sandbox.requests)


async def test_a_wrong_password_is_tried_once_whatever_is_asked() -> None:
    async with rigged(replace(USER_LOGIN, password=SecretStr("not-the-right-one"))) as rig:
        failures = await asyncio.gather(*(rig.failure(one) for one in rig.sandbox.projects * 3))
        assert len(rig.logins) == 1
    said = {str(failure).split(": ", 1)[1] for failure in failures}
    assert len(said) == 1
    assert "configuration (HTTP 401 401): The username or password is wrong." in said.pop()


async def test_a_project_that_is_closed_to_the_user_does_not_close_the_others() -> None:
    async with rigged(USER_LOGIN) as rig:
        first, closed, *others = rig.sandbox.projects
        wrong = identity_error(401, "The username or password is wrong.", "Unauthorized")
        await rig.page(first)
        rig.sandbox.fail(Fault(lambda one: one.method == "POST", wrong, times=1))
        assert (await rig.failure(closed)).meaning is Meaning.CONFIGURATION
        for project in others:
            await rig.page(project)
        await rig.failure(closed)
        assert len(rig.logins) == len(rig.sandbox.projects), "nor is that one asked again"


async def test_a_password_that_no_longer_holds_is_tried_twice_more_at_most() -> None:
    async with rigged(USER_LOGIN) as rig:
        await asyncio.gather(*(rig.page(one) for one in rig.sandbox.projects))
        before = len(rig.logins)
        rig.sandbox.login.revoke()
        rig.sandbox.login.password = "another"
        await asyncio.gather(*(rig.failure(one) for one in rig.sandbox.projects * 3))
        assert len(rig.logins) - before <= 3


async def test_an_identity_service_that_cannot_be_reached_was_not_logged_in_to() -> None:
    async with rigged(USER_LOGIN) as rig:
        url = rig.sandbox.url
        await rig.sandbox.close()
        failure = await rig.failure()
        assert "no connection could be made" in str(failure)
        assert url.removeprefix("http://") in str(failure)


async def test_a_login_that_is_broken_off_is_not_made_again() -> None:
    async with rigged(USER_LOGIN) as rig:
        fault = rig.sandbox.fail(Fault(lambda one: one.method == "POST", Hang()))
        assert "the deadline passed" in str(await rig.failure(deadline=0.2))
        rig.sandbox.faults.remove(fault)
        assert "a login was broken off, and is not made again" in str(await rig.failure())
        assert len(rig.logins) == 1


async def test_what_still_holds_is_used_when_it_cannot_be_renewed() -> None:
    async with rigged(USER_LOGIN) as rig:
        await rig.page()
        rig.sandbox.fail(Fault(lambda one: one.method == "POST", DOWN))
        rig.moment[0] += 0.9 * 24 * 3600
        await asyncio.gather(*(rig.page() for _ in range(5)))
        assert len(rig.logins) == 2
        rig.moment[0] += 0.2 * 24 * 3600
        assert "temporary (HTTP 503)" in str(await rig.failure())
        assert len(rig.logins) == 2


async def test_keys_of_an_instance_are_asked_for_again_as_that_is_no_login() -> None:
    async with rigged(instance) as rig:
        rig.sandbox.fail(Fault(lambda one: one.service == "instance", DOWN, times=2))
        assert (await rig.page()).images
        assert len(rig.logins) == 3


@pytest.mark.parametrize(
    ("credential", "answer"),
    [
        (
            user,
            (201, b'{"token": {"issued_at": "2026-11-24T09:00:00Z", "expires_at": "2026-11-24T08:00:00Z"}}'),
        ),
        (
            instance,
            (
                200,
                orjson.dumps(
                    {
                        "credential": {
                            "access": "a",
                            "secret": "b",
                            "securitytoken": "c",
                            "expires_at": "2020-01-01T00:00:00Z",
                        }
                    }
                ),
            ),
        ),
    ],
    ids=["token", "keys"],
)
async def test_what_had_expired_when_it_came_is_no_login(
    credential: Callable[[Sandbox], Credential], answer: tuple[int, bytes]
) -> None:
    async with rigged(credential) as rig:
        fixed = Answer(*answer, headers={"X-Subject-Token": "t0ken"})
        rig.sandbox.fail(Fault(lambda one: one.method == "POST" or one.service == "instance", fixed))
        assert "had already expired" in str(await rig.failure())
        assert len(rig.logins) == 1


async def test_keys_that_are_replaced_are_read_again_once_for_all() -> None:
    new = Key("SANDBOXACCESSKEY0009", "sandbox-secret-key-of-no-value-0009")
    kept: list[Callable[[Sandbox], Credential]] = [keys]
    times = 0

    def reread() -> Credential:
        nonlocal times
        times += 1
        return kept[0](rig.sandbox)

    async with rigged(keys, reread=reread) as rig:
        await rig.page()
        rig.sandbox.login.keys = (new,)
        kept[0] = lambda _: AccessKey(SecretStr(new.access), SecretStr(new.secret))
        pages = await asyncio.gather(*(rig.page() for _ in range(20)))
        assert all(page.images for page in pages)
        assert times == 1


async def test_keys_that_are_refused_and_were_not_replaced_are_told_as_wrong() -> None:
    async with rigged(keys, reread=lambda: keys(rig.sandbox)) as rig:
        rig.sandbox.login.keys = ()
        failure = await rig.failure()
        assert failure.meaning is Meaning.CONFIGURATION
        assert str(failure).startswith("configuration (HTTP 401 APIG.0301): ")
        assert [one.service for one in rig.sandbox.requests] == ["ims"], (
            "a request is repeated for new keys only"
        )


async def test_keys_that_cannot_be_read_again_are_named() -> None:
    def reread() -> Credential:
        raise Unreadable('secret key of source "prod": the file keys/secret cannot be read')

    async with rigged(keys, reread=reread) as rig:
        rig.sandbox.login.keys = ()
        assert str(await rig.failure()) == 'secret key of source "prod": the file keys/secret cannot be read'


async def test_a_password_that_was_changed_is_read_again() -> None:
    changed = replace(USER_LOGIN, password=SecretStr("another-password-of-no-value"))
    async with rigged(USER_LOGIN, reread=lambda: changed) as rig:
        await asyncio.gather(*(rig.page(one) for one in rig.sandbox.projects))
        before = len(rig.logins)
        rig.sandbox.login.revoke()
        rig.sandbox.login.password = changed.password.get_secret_value()
        await asyncio.gather(*(rig.page(one) for one in rig.sandbox.projects * 3))
        assert len(rig.logins) - before == len(rig.sandbox.projects) + 1, "one refused, then one a project"


async def test_keys_of_the_base_of_an_agency_are_read_again() -> None:
    new = Key("SANDBOXACCESSKEY0009", "sandbox-secret-key-of-no-value-0009")
    replaced = Agency(ACCOUNT, AGENCY, AccessKey(SecretStr(new.access), SecretStr(new.secret)))
    async with rigged(agency_of(keys), reread=lambda: replaced) as rig:
        rig.sandbox.login.keys = (new,)
        assert (await rig.page()).images
        assert len(rig.logins) == 2


async def test_forbidden_expired_wrong_and_skewed_are_told_apart_by_name() -> None:
    async with rigged(keys) as rig:
        rig.sandbox.fail(Fault(lambda one: one.service == "ims", forbidden(), times=1))
        assert str(await rig.failure()).startswith("forbidden (HTTP 403 APIG.0802): ")
        for hours, words in ((1, "60 minutes ahead"), (-2, "120 minutes behind")):
            rig.off[0] = timedelta(hours=hours)
            rig.sandbox.fail(
                Fault(
                    lambda one: one.service == "ims",
                    Answer(
                        401,
                        b'{"error_code": "APIG.0301", "error_msg": "Incorrect IAM authentication"}',
                        {"Date": "Tue, 24 Nov 2026 09:00:00 GMT"},
                    ),
                    times=1,
                )
            )
            text = str(await rig.failure())
            assert text.startswith("clock skew (HTTP 401 APIG.0301): ")
            assert f"the clock of this machine is {words}" in text
            assert (await rig.failure()).meaning is Meaning.CLOCK_SKEW, "as the cloud itself says it"
    async with rigged(agency_of(keys)) as rig:
        rig.off[0] = timedelta(hours=1)
        refused = Answer(401, b'{"error": "no"}', {"Date": "Tue, 24 Nov 2026 09:00:00 GMT"})
        rig.sandbox.fail(Fault(lambda one: one.method == "POST", refused))
        assert str(await rig.failure()).startswith(
            "login by agency 'sandbox-agency': clock skew (HTTP 401): "
        )
    async with rigged(token) as rig:
        rig.sandbox.fail(
            Fault(
                lambda one: one.service == "ims",
                Answer(401, b'{"error_code": "APIG.0307", "error_msg": "old"}'),
            )
        )
        assert str(await rig.failure()) == "expired login (HTTP 401 APIG.0307): old"


async def test_nothing_of_a_login_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    issued: set[str] = set()

    def echo() -> Answer:
        """The cloud repeats what it was sent, now or before."""
        known = " ".join(one.get_secret_value() for one in rig.account.login.secrets)
        return identity_error(401, f"bad: {known}", "Unauthorized")

    for credential in (user, keys, agency_of(user), agency_of(keys), instance, token):
        async with rigged(credential) as rig:
            await rig.page()
            issued |= {one.get_secret_value() for one in rig.account.login.secrets}
            shown += [repr(rig.account), repr(rig.account.login), repr(vars(rig.account.login))]
            shown += [repr(rig.sandbox.requests)]
            rig.sandbox.fail(Fault(lambda one: one.service == "ims", echo()))
            shown.append(str(await rig.failure()))
            rig.sandbox.login.revoke()
            rig.sandbox.fail(Fault(lambda one: one.method == "POST", echo()))
            shown.append(str(await rig.failure()))
    shown.append(caplog.text)
    assert len(issued) > 10
    for text in shown:
        assert not [secret for secret in issued | {PASSWORD} if secret in text]


async def test_no_credential_is_sent_where_none_is_configured() -> None:
    async with rigged(NoCredential()) as rig:
        assert (await rig.failure()).meaning is Meaning.EXPIRED_LOGIN
        assert not {"authorization", "x-auth-token"} & set(rig.sandbox.requests[-1].headers)
