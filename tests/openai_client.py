"""OpenAI's own client against the tutor: every call that a program may make, and how each refusal reaches it.

Run by tests/e2e/openai.rs, which starts the server; by hand: URL=http://127.0.0.1:8080/v1 KEY=... LIMITED_KEY=... python3
tests/openai_client.py, where LIMITED_KEY may make two requests a minute.
"""

import json
import os
import time
from typing import Literal

import openai
from pydantic import BaseModel

URL, KEY, LIMITED_KEY = (os.environ[name] for name in ("URL", "KEY", "LIMITED_KEY"))
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


def client(key):
    # Refusals are what is tested here, so none is tried again.
    return openai.OpenAI(base_url=URL, api_key=key, max_retries=0, timeout=120)


def refused(kind, call):
    """The exception that a call ends in."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def models(tutor):
    names = [model.id for model in tutor.models.list()]
    assert len(names) == 2, names
    chat, embedder = names
    assert tutor.models.retrieve(chat).object == "model"
    refused(openai.NotFoundError, lambda: tutor.models.retrieve("gpt-4"))
    return chat, embedder


def chat_whole(tutor, model):
    answer = tutor.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=24, temperature=0, top_p=0.9, seed=7, stop=["\n\n"]
    )
    text, usage = answer.choices[0].message.content, answer.usage
    assert text and answer.choices[0].finish_reason in ("stop", "length")
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens < usage.prompt_tokens
    return text


def chat_streamed(tutor, model, whole):
    stream = tutor.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=24, temperature=0, top_p=0.9, seed=7, stop=["\n\n"],
        stream=True, stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole, (text, whole)
    assert chunks[-1].choices == [] and chunks[-1].usage.prompt_tokens_details.cached_tokens > 0
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in ("stop", "length")


def chat_in_a_schema(tutor, model):
    schema = {
        "type": "object",
        "properties": {"capital": {"type": "string", "maxLength": 20}},
        "required": ["capital"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    answer = tutor.chat.completions.create(model=model, messages=QUESTION, max_tokens=60, response_format=wanted)
    assert isinstance(json.loads(answer.choices[0].message.content)["capital"], str)

    class Verdict(BaseModel):
        correct: bool
        grade: Literal["A", "B", "C"]

    parsed = tutor.chat.completions.parse(model=model, messages=QUESTION, max_tokens=60, response_format=Verdict)
    assert parsed.choices[0].message.parsed.grade in ("A", "B", "C")


def embeddings(tutor, model):
    found = tutor.embeddings.create(model=model, input=["a gate", "a cat"])
    plain = tutor.embeddings.create(model=model, input="a gate", encoding_format="float")
    one, other = (item.embedding for item in found.data)
    assert len(one) == 384 and one != other and found.usage.prompt_tokens > 0
    assert all(abs(a - b) < 1e-3 for a, b in zip(one, plain.data[0].embedding))
    assert abs(sum(x * x for x in one) - 1) < 1e-3


def ignores_the_end(tutor, model):
    answer = tutor.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=40, extra_body={"ignore_eos": True}
    )
    assert answer.usage.completion_tokens == 40 and answer.choices[0].finish_reason == "length"


def what_is_refused(tutor, model):
    error = refused(openai.AuthenticationError, lambda: client("tutor-wrong").models.list())
    assert error.code == "invalid_api_key" and error.status_code == 401
    long = [{"role": "user", "content": "word " * 5_000}]
    error = refused(openai.BadRequestError, lambda: tutor.chat.completions.create(model=model, messages=long))
    assert error.code == "context_length_exceeded"
    refused(openai.NotFoundError, lambda: tutor.chat.completions.create(model="gpt-4", messages=QUESTION))
    refused(openai.BadRequestError, lambda: tutor.chat.completions.create(model=model, messages=QUESTION, n=2))
    limited = client(LIMITED_KEY)
    answered = limited.models.with_raw_response.list()
    assert answered.headers["x-ratelimit-limit-requests"] == "2"
    assert answered.headers["x-ratelimit-remaining-requests"] == "1"
    limited.models.list()
    error = refused(openai.RateLimitError, limited.models.list)
    assert error.code == "rate_limit_exceeded" and 1 <= int(error.response.headers["retry-after"]) <= 30


def a_cancelled_stream_frees_its_place(tutor, model):
    """The server writes one answer at a time: the last question waits for as long as the streams go on."""
    began = time.monotonic()
    for number in range(4):
        stream = tutor.chat.completions.create(
            model=model, messages=[{"role": "user", "content": f"Tell me story number {number}."}],
            max_tokens=400, stream=True, extra_body={"ignore_eos": True},
        )
        next(iter(stream))
        stream.close()
    chat_whole(tutor, model)
    cancelled = time.monotonic() - began
    began = time.monotonic()
    tutor.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Tell me another story."}],
        max_tokens=400, extra_body={"ignore_eos": True},
    )
    one = time.monotonic() - began
    assert cancelled < 2 * one, f"four cancelled streams took {cancelled:.1f} s, a whole one takes {one:.1f} s"


def main():
    tutor = client(KEY)
    model, embedder = models(tutor)
    whole = chat_whole(tutor, model)
    chat_streamed(tutor, model, whole)
    chat_in_a_schema(tutor, model)
    embeddings(tutor, embedder)
    ignores_the_end(tutor, model)
    what_is_refused(tutor, model)
    a_cancelled_stream_frees_its_place(tutor, model)
    print("all calls passed with openai", openai.__version__)


main()
