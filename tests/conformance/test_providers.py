"""Every provider the registry knows: the same face, the same errors, and keys that are never printed."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from foundry_engine import registry
from foundry_engine.completions import Capabilities, Completion, CompletionRequest, ProviderContext
from foundry_engine.errors import MissingSetting, ProviderError, RateLimited, Refused, TimedOut, Unavailable
from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import Order, plain_request
from foundry_engine.generation.reply_parser import parse_reply
from foundry_engine.providers import offline
from foundry_engine.records import Sample, read_objects, read_records
from tests import courtesy
from tests.fake_gemini import Answer, Asked, Reply, failed, said, served
from tests.served_fake import served_fake

NAMES = registry.names("providers")
KEY, BAD_KEY = "AIzaGood-0123456789", "AIzaRefused-9876543210"
GOOD = '{"items": [{"text": "could you pass the salt"}]}'
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Recorded = tuple[dict[str, Any], dict[str, str]]


@contextmanager
def gemini_that(reply: Reply) -> Iterator[Recorded]:
    with served(lambda *_: reply) as service:
        yield {"model": "m-1", "base_url": service.url, "timeout": 0.3}, {"GEMINI_API_KEYS": KEY}


@contextmanager
def fake_that(*faults: str, **settings: Any) -> Iterator[Recorded]:
    """The fake model server, spoilt in one way."""
    with served_fake(faults=dict.fromkeys(faults, 1.0), latency=0.0, hang=5.0, **settings) as url:
        yield {"model": "m-1", "base_url": f"{url}/v1", "timeout": 1.0}, {"OPENAI_API_KEYS": KEY}


@contextmanager
def script_of(reply: str) -> Iterator[Recorded]:
    yield {"replies": [reply]}, {}


@contextmanager
def nothing_to_set() -> Iterator[Recorded]:
    yield {}, {}


@dataclass(frozen=True)
class Row:
    """How a provider is brought into each situation; ``None`` where it cannot come into it."""

    answers: Any
    nonsense: Any = None
    cut: Any = None
    blocked: Any = None
    times_out: Any = None
    limited: Any = None
    down: Any = None
    refused: Any = None


ROWS = {
    "offline": Row(nothing_to_set),
    "scripted": Row(
        lambda: script_of(GOOD),
        nonsense=lambda: script_of("<html>"),
        cut=lambda: script_of("!truncated"),
        blocked=lambda: script_of("!rejected"),
        times_out=lambda: script_of("!timed_out"),
        limited=lambda: script_of("!rate_limited"),
        down=lambda: script_of("!unavailable"),
        refused=lambda: script_of("!refused"),
    ),
    "gemini": Row(
        lambda: gemini_that(said(GOOD)),
        nonsense=lambda: gemini_that(said("<html>")),
        cut=lambda: gemini_that(said('{"items": [{"te', "MAX_TOKENS")),
        blocked=lambda: gemini_that(said("", "SAFETY")),
        times_out=lambda: gemini_that(Reply(200, "", held=True)),
        limited=lambda: gemini_that(failed(429, "quota", retryDelay="5s")),
        down=lambda: gemini_that(failed(503, "overloaded")),
        refused=lambda: gemini_that(failed(403, f"key {KEY} is not allowed")),
    ),
    "openai_compatible": Row(
        lambda: fake_that(),
        nonsense=lambda: fake_that("malformed"),
        cut=lambda: fake_that("truncated"),
        blocked=lambda: fake_that("blocked"),
        times_out=lambda: fake_that("hang"),
        limited=lambda: fake_that("rate_limited"),
        down=lambda: fake_that("server_error"),
        refused=lambda: fake_that(keys=["another"]),
    ),
}


def request() -> CompletionRequest:
    cell = next(c for c in make_plan(courtesy.declared(), courtesy.TASK) if c.language == "en")
    return plain_request(Order(cell, 0, 1, cell.attributes), courtesy.law())


def complete(name: str, recorded: Recorded) -> Completion:
    component, (settings, environment) = registry.find("providers", name), recorded

    async def go() -> Completion:
        context = ProviderContext(courtesy.law(), environment)
        provider = component.Provider(component.Settings.model_validate(settings), context)
        try:
            done = await provider.complete(request())
        finally:
            await provider.close()
        assert isinstance(done, Completion)
        return done

    return asyncio.run(go())


def situations(name: str) -> list[Any]:
    """Every provider that can come into a situation; those that cannot have no such row."""
    return [pytest.param(n, getattr(row, name), id=n) for n, row in ROWS.items() if getattr(row, name)]


def test_every_provider_has_a_row() -> None:
    assert sorted(ROWS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_face_of_a_provider(name: str) -> None:
    component = registry.find("providers", name)
    assert issubclass(component.Settings, BaseModel)
    assert component.Settings.model_config.get("frozen"), "settings never change"
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        component.Settings.model_validate({"replies": ["x"], "model": "m"} | {"unheard_of": 1})
    assert isinstance(component.CAPABILITIES, Capabilities)
    assert inspect.iscoroutinefunction(component.Provider.complete)
    assert inspect.iscoroutinefunction(component.Provider.close)
    assert component.__doc__ and component.Settings.__doc__


@pytest.mark.parametrize(("name", "recorded"), situations("answers"))
def test_an_answer_is_a_completion_that_can_be_read(name: str, recorded: Any) -> None:
    with recorded() as settings:
        done = complete(name, settings)
    items, problem = parse_reply(done.text, done.finish)
    assert (problem, done.finish, len(items)) == ("", "stop", 1)
    assert isinstance(items[0].text, str) and items[0].text
    assert done.usage.prompt_tokens >= 0 and done.usage.output_tokens >= 0


READ = [("nonsense", "not_json"), ("cut", "truncated")]
READ_ROWS = [pytest.param(*p.values, reason, id=f"{p.id}-{s}") for s, reason in READ for p in situations(s)]


@pytest.mark.parametrize(("name", "recorded", "reason"), READ_ROWS)
def test_a_bad_answer_is_passed_on_for_the_gates_to_judge(name: str, recorded: Any, reason: str) -> None:
    with recorded() as settings:
        done = complete(name, settings)
    assert parse_reply(done.text, done.finish) == ([], reason)


@pytest.mark.parametrize(("name", "recorded"), situations("blocked"))
def test_blocked_content_is_never_asked_for_again(name: str, recorded: Any) -> None:
    with recorded() as settings:
        try:
            finish, retry = complete(name, settings).finish, "never"
        except ProviderError as error:
            finish, retry = "blocked", error.retry
    assert (finish, retry) == ("blocked", "never")


ERRORS: list[tuple[str, type[ProviderError]]] = [
    ("times_out", TimedOut),
    ("limited", RateLimited),
    ("down", Unavailable),
    ("refused", Refused),
]
ERROR_ROWS = [pytest.param(*p.values, kind, id=f"{p.id}-{s}") for s, kind in ERRORS for p in situations(s)]


@pytest.mark.parametrize(("name", "recorded", "kind"), ERROR_ROWS)
def test_faults_are_the_foundrys_errors(name: str, recorded: Any, kind: type[ProviderError]) -> None:
    with recorded() as settings, pytest.raises(ProviderError) as raised:
        complete(name, settings)
    assert type(raised.value) is kind
    assert KEY not in repr(raised.value)
    if kind is RateLimited:
        assert isinstance(raised.value.retry_after, float)


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_that_needs_a_key_says_so(name: str) -> None:
    component = registry.find("providers", name)
    with ROWS[name].answers() as (settings, environment):
        if not environment:
            assert complete(name, (settings, {})).text, "what needs nothing answers without an environment"
            return
        with pytest.raises(MissingSetting) as raised:
            complete(name, (settings, {}))
    assert component.Settings.model_validate(settings).keys_from == next(iter(environment))
    assert all(key in raised.value.message for key in environment)


@pytest.mark.parametrize(("name", "recorded"), situations("refused"))
def test_a_refusal_says_whose_it_is_and_no_cause_holds_the_key(name: str, recorded: Any) -> None:
    with recorded() as settings, pytest.raises(Refused) as raised:
        complete(name, settings)
    assert name == "scripted" or raised.value.facts["whose"] == "key"
    error: BaseException | None = raised.value
    while error is not None:  # a traceback shows the causes too
        assert KEY not in f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("name", [name for name in NAMES if ROWS[name].limited])
def test_a_provider_shows_no_key(name: str) -> None:
    component = registry.find("providers", name)
    with ROWS[name].answers() as (settings, environment):
        provider = component.Provider(
            component.Settings.model_validate(settings), ProviderContext(courtesy.law(), environment)
        )
        asyncio.run(provider.close())
    assert KEY not in repr(provider) + repr(vars(provider)) + repr(ProviderContext(None, environment))


# offline


def test_offline_gives_the_same_for_the_same_seed() -> None:
    assert complete("offline", ({}, {})) == complete("offline", ({}, {}))


def test_offline_writes_what_the_cell_wishes() -> None:
    law = courtesy.law()
    provider = offline.Provider(offline.Settings(), ProviderContext(law))
    for cell in make_plan(courtesy.declared(cells_per_label=20), courtesy.TASK):
        reply = asyncio.run(provider.complete(plain_request(Order(cell, 0, 3, cell.attributes), law)))
        items, problem = parse_reply(reply.text, reply.finish)
        assert (problem, len(items)) == ("", 3)
        for item in items:
            mould = law.grammar.moulds[item.mould]
            assert (mould.label, mould.language) == (cell.label, cell.language)
            assert cell.trap in (None, mould.trap) and cell.pair in (None, mould.pair)
            assert isinstance(item.text, str) and not set("{}()|") & set(item.text)


def test_offline_gives_nothing_for_a_cell_without_a_mould() -> None:
    provider = offline.Provider(offline.Settings(), ProviderContext(courtesy.law(grammar={})))
    assert json.loads(asyncio.run(provider.complete(request())).text) == {"items": []}


# gemini, through the command line


@dataclass(frozen=True)
class Generated:
    """What a run said and left behind."""

    code: int
    said: str
    files: dict[str, bytes]
    samples: list[Sample]
    rejected: list[dict[str, Any]]
    asked: list[Asked]


@pytest.fixture
def generate(main: Run, tmp_path: Path) -> Iterator[Callable[..., Generated]]:
    home = courtesy.copy(tmp_path / "courtesy")

    def run(answer: Answer, *options: str, keys: str = KEY) -> Generated:
        service.answer = answer
        service.asked.clear()
        line = ("--blueprint", home, "--runs", tmp_path / "runs", "--models", tmp_path / "models", "--task", "tone")
        done = main(*line, "--provider", "gemini", *options, env={**os.environ, "GEMINI_API_KEYS": keys})
        folder = tmp_path / "runs" / "courtesy" / "tone"
        files = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        samples, rejected = folder / "1_samples" / "samples.jsonl", folder / "1_samples" / "rejected.jsonl"
        return Generated(
            done.returncode,
            done.stdout + done.stderr,
            files,
            read_records(samples, Sample) if samples.exists() else [],
            [row for _, row in read_objects(rejected)] if rejected.exists() else [],
            service.asked[:],
        )

    with served(lambda *_: said("")) as service:
        courtesy.edit(home, "blueprint", "max_rounds: 2", "max_rounds: 4\n  second_pass: {share: 0}")
        settings = f"concurrency: 3\n  settings:\n    gemini: {{model: m-1, base_url: '{service.url}', timeout: 0.5}}"
        courtesy.edit(home, "blueprint", "settings:\n    scripted", f"{settings}\n    scripted")
        yield run


def texts_for(asked: Asked) -> Reply:
    """Two texts in the language of the prompt, other ones for each request."""
    prompt = asked.body["contents"][0]["parts"][0]["text"]
    n = asked.body["generationConfig"]["seed"]
    form = "劳驾，请给我{}号和{}号" if "Chinese" in prompt else "please bring me number {} and number {}"
    texts = [form.format(n + i, n // 7 + i) for i in range(2)]
    return said(json.dumps({"items": [{"text": text} for text in texts]}))


def keys_in(found: Generated) -> list[str]:
    """Where a key, or the greater part of one, can be read."""
    parts = [key[:12].encode() for key in (KEY, BAD_KEY)] + [key[-12:].encode() for key in (KEY, BAD_KEY)]
    places = {"output": found.said.encode(), **found.files}
    return [name for name, data in places.items() if any(part in data for part in parts)]


FAULTS = [
    failed(429, "quota", retryDelay="0.1s"),
    failed(500, "internal"),
    Reply(200, "", held=True),
    Reply(200, "<html>proxy</html>", {"Content-Type": "text/html"}),
    said("", "SAFETY"),
    said('{"items": [{"te', "MAX_TOKENS"),
    said("Sorry, I cannot."),
    Reply(200, '{"candidates": []}'),
]


def test_a_whole_step_through_every_fault(generate: Callable[..., Generated]) -> None:
    good_ones = iter(FAULTS)

    def answer(asked: Asked, nth: int) -> Reply:
        if asked.key == BAD_KEY:
            return failed(403, f"API key {BAD_KEY} was reported as leaked")
        return next(good_ones, None) or texts_for(asked)

    found = generate(answer, "--steps=generate", "--verbose", keys=f"{BAD_KEY},{KEY}")
    assert found.code == 0, found.said
    assert len(found.samples) == 72, "later rounds ask for what the first one missed"
    assert {(s.origin, s.source) for s in found.samples} == {("generated", "gemini")}
    assert {row["reason"] for row in found.rejected} & {"blocked", "truncated", "not_json"} == {"blocked"}
    assert found.said.count("asking again error=") == 2, "what was cut and what was prose"
    assert "key 1 of 2 is refused and dropped: HTTP 403" in found.said
    assert found.said.count("is refused and dropped") == 1
    assert sum(a.key == BAD_KEY for a in found.asked) <= 3, "as many as were under way"
    assert "waiting seconds=" in found.said and "Traceback" not in found.said
    assert keys_in(found) == []
    assert {a.body["generationConfig"]["responseMimeType"] for a in found.asked} == {"application/json"}


def test_a_rerun_pays_for_nothing_twice(generate: Callable[..., Generated]) -> None:
    first = generate(lambda asked, nth: failed(401, "expired") if nth >= 20 else texts_for(asked), "--steps=generate")
    assert (first.code, first.samples) == (1, [])
    assert "all 1 keys in GEMINI_API_KEYS are refused. Last: HTTP 401 expired. Check the keys." in first.said
    assert "Traceback" not in first.said and keys_in(first) == []
    second = generate(lambda asked, nth: texts_for(asked), "--steps=generate")
    assert (second.code, len(second.samples)) == (0, 72), second.said
    assert 20 <= len(second.asked) <= 20 + 2, "all but what had come, and at most what was under way at the end"


REFUSED = [
    ("all keys refused", lambda *_: failed(403, f"{KEY} and {BAD_KEY} are refused"), 1, "all 2 keys"),
    ("only blocked answers", lambda *_: said("", "SAFETY"), 1, "36 × blocked"),
]


@pytest.mark.parametrize(("answer", "code", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_go_on_ends_clean(
    generate: Callable[..., Generated], answer: Answer, code: int, message: str
) -> None:
    found = generate(answer, "--steps=generate,refine", "--debug", keys=f"{KEY},{BAD_KEY}")
    assert found.code == code
    assert message in found.said
    assert "1_samples" not in "".join(found.files), "no half a step is left"
    assert keys_in(found) == []


NOT_SET = [
    (["--provider", "gemini"], 3, "provider 'gemini' needs generate.settings.gemini.model in the blueprint"),
    (
        ["--provider", "gemni"],
        3,
        "no provider 'gemni'; did you mean 'gemini'? (known: gemini, offline, openai_compatible, scripted, import)",
    ),
    (["--provider", "imprt"], 3, "did you mean 'import'?"),
    (["--provider", "import"], 2, "--provider import needs --import FILE"),
]


@pytest.mark.parametrize(("options", "code", "message"), NOT_SET)
def test_a_provider_that_is_not_ready(main: Run, tmp_path: Path, options: list[str], code: int, message: str) -> None:
    done = main("--blueprint", courtesy.HERE, "--runs", tmp_path / "runs", "--models", tmp_path / "models", *options)
    assert (done.returncode, message in done.stderr) == (code, True), done.stderr


def test_without_a_key_the_exit_code_says_something_is_missing(generate: Callable[..., Generated]) -> None:
    found = generate(lambda *_: said(GOOD), keys="")
    assert (found.code, found.asked) == (5, [])
    assert "put GEMINI_API_KEYS=key1,key2 into .env" in found.said
