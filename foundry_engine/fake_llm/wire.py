"""The two shapes on the wire, OpenAI's chat completions and Gemini's generateContent, read and written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Shape = Literal["openai", "gemini"]
Finish = Literal["stop", "length", "refused", "blocked"]
OPENAI_FINISH = {"stop": "stop", "length": "length", "refused": "stop", "blocked": "content_filter"}
GEMINI_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "refused": "SAFETY", "blocked": "SAFETY"}
STATUS_NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as understood; ``prompt`` is all its texts, ``schema`` the JSON Schema of the wanted answer."""

    shape: Shape
    model: str
    prompt: str
    schema: Mapping[str, Any] | None = None
    json_mode: bool = False
    temperature: float = 1.0
    max_tokens: int | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the fake says."""

    id: str
    text: str
    finish: Finish
    prompt_tokens: int
    output_tokens: int


class BadRequest(ValueError):
    """The body is not of the shape."""


def read(shape: Shape, body: bytes, model: str, stream: bool) -> Asked:
    """A body as a request; raises ``BadRequest``."""
    try:
        data = json.loads(body)
        return _read_openai(data) if shape == "openai" else _read_gemini(data, model, stream)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadRequest(f"the body is no {shape} request: {type(error).__name__}: {error}") from error


def _read_openai(data: Mapping[str, Any]) -> Asked:
    form = data.get("response_format") or {}
    schema = (form.get("json_schema") or {}).get("schema")
    return Asked(
        shape="openai",
        model=str(data["model"]),
        prompt="\n".join(_openai_text(message["content"]) for message in data["messages"]),
        schema=schema,
        json_mode=form.get("type") in ("json_object", "json_schema"),
        temperature=_temperature(data),
        max_tokens=data.get("max_completion_tokens") or data.get("max_tokens"),
        stream=bool(data.get("stream")),
    )


def _temperature(config: Mapping[str, Any]) -> float:
    found = config.get("temperature")
    return 1.0 if found is None else float(found)


def _openai_text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _read_gemini(data: Mapping[str, Any], model: str, stream: bool) -> Asked:
    config = data.get("generationConfig") or {}
    system = data.get("systemInstruction") or data.get("system_instruction") or {}
    parts = [*system.get("parts", []), *(part for content in data["contents"] for part in content["parts"])]
    return Asked(
        shape="gemini",
        model=model,
        prompt="\n".join(part.get("text", "") for part in parts),
        schema=config.get("responseJsonSchema") or config.get("responseSchema"),
        json_mode=config.get("responseMimeType") == "application/json",
        temperature=_temperature(config),
        max_tokens=config.get("maxOutputTokens"),
        stream=stream,
    )


def reply(asked: Asked, answer: Answer) -> dict[str, Any]:
    """A whole answer."""
    if asked.shape == "gemini":
        return _gemini(asked, answer, answer.text, last=True)
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.finish == "refused":
        message.update(content=None, refusal="I'm sorry, I can't help with that.")
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": OPENAI_FINISH[answer.finish]}
    return {**_openai_head(asked, answer, "chat.completion"), "choices": [choice], "usage": _openai_usage(answer)}


def pieces(asked: Asked, answer: Answer, count: int = 8) -> list[bytes]:
    """An answer as server-sent events."""
    size = max(1, math.ceil(len(answer.text) / count))
    texts = [answer.text[i : i + size] for i in range(0, len(answer.text), size)] or [""]
    if asked.shape == "gemini":
        events = [_gemini(asked, answer, text, last=i == len(texts) - 1) for i, text in enumerate(texts)]
        return [_event(event) for event in events]
    head = _openai_head(asked, answer, "chat.completion.chunk")
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": text}, None) for text in texts]
    deltas.append(({}, OPENAI_FINISH[answer.finish]))
    out = [_event({**head, "choices": [{"index": 0, "delta": d, "finish_reason": f}]}) for d, f in deltas]
    return [*out, _event({**head, "choices": [], "usage": _openai_usage(answer)}), b"data: [DONE]\n\n"]


def failure(shape: Shape, status: int, message: str, retry_after: float | None = None) -> dict[str, Any]:
    """An error as either service words it."""
    if shape == "openai":
        kind = {429: "rate_limit_exceeded", 401: "invalid_api_key", 404: "model_not_found"}.get(status)
        return {"error": {"message": message, "type": "server_error" if status >= 500 else "invalid_request_error",
                          "param": None, "code": kind}}  # fmt: skip
    error: dict[str, Any] = {"code": status, "message": message, "status": STATUS_NAMES.get(status, "UNAVAILABLE")}
    if retry_after is not None:
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after:g}s"}
        error["details"] = [info]
    return {"error": error}


def model_list(models: list[str]) -> dict[str, Any]:
    """The models as ``GET /v1/models`` gives them."""
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "fake-llm"} for name in models]
    return {"object": "list", "data": data}


def _event(data: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n\n"


def _openai_head(asked: Asked, answer: Answer, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.id}", "object": kind, "created": 0, "model": asked.model}


def _openai_usage(answer: Answer) -> dict[str, int]:
    total = answer.prompt_tokens + answer.output_tokens
    return {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.output_tokens, "total_tokens": total}


def _gemini(asked: Asked, answer: Answer, text: str, last: bool) -> dict[str, Any]:
    usage = {"promptTokenCount": answer.prompt_tokens, "candidatesTokenCount": answer.output_tokens}
    usage["totalTokenCount"] = answer.prompt_tokens + answer.output_tokens
    head = {"modelVersion": asked.model, "responseId": answer.id}
    if answer.finish == "blocked":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage, **head}
    candidate: dict[str, Any] = {"index": 0}
    if answer.finish != "refused":
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    if last:
        candidate["finishReason"] = GEMINI_FINISH[answer.finish]
    return {"candidates": [candidate], "usageMetadata": usage, **head}
