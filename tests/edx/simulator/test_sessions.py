"""Pages for people, to whoever has no session, or a form that comes from no page of the site."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.edx.studios import RUN, SECRET, WORKER, Studios, serving_studios

SIGN_IN = "/api/user/v2/account/login_session/"
GIVEN = {"email_or_username": WORKER, "password": SECRET}
FORM = {"cookie": "csrftoken=abc", "x-csrftoken": "abc"}


@pytest.fixture(scope="module")
async def edx() -> AsyncIterator[Studios]:
    async with serving_studios() as edx:
        yield edx


@pytest.fixture
async def lms(edx: Studios) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=edx.lms) as client:
        yield client


@pytest.fixture
async def studio(edx: Studios) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=edx.studio) as client:
        yield client


async def test_a_form_needs_the_token_of_its_page(lms: httpx.AsyncClient) -> None:
    forged = await lms.post(SIGN_IN, data=GIVEN)
    assert (forged.status_code, "CSRF verification failed" in forged.text) == (403, True)
    assert (await lms.post(SIGN_IN, data=GIVEN, headers=FORM)).json()["success"]


async def test_studio_is_let_know_of_those_who_are_signed_in_and_nobody_else_is(lms: httpx.AsyncClient) -> None:
    asked = "/oauth2/authorize?client_id=another"
    stranger = await lms.get(asked)
    assert stranger.status_code == 302
    assert stranger.headers["location"].startswith("/login?next=")
    await lms.post(SIGN_IN, data=GIVEN, headers=FORM)
    assert (await lms.get(asked)).status_code == 400


async def test_pages_of_studio_refuse_what_browsers_never_ask_for(edx: Studios, studio: httpx.AsyncClient) -> None:
    edx.world.sessions["key"] = WORKER
    export, session = f"/export/{RUN}", {"cookie": "studio_session_id=key"}
    answers = [
        await studio.get("/complete/edx-oauth2/?code=none&state=x"),
        await studio.post(export, headers=session),
        await studio.get(export, headers=session),
        await studio.get(f"/export_output/{RUN}", headers=session),
    ]
    assert [answer.status_code for answer in answers] == [400, 403, 406, 404]
