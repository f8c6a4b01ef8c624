import pytest

from mom.models.optional_fields import OptionalFields

BODY = {"model": "m", "messages": [], "max_tokens": 5, "temperature": 0, "stream_options": {}}


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("Unsupported value: 'temperature' does not support 0", {"model", "messages", "max_tokens", "stream_options"}),
        ("extra_forbidden: body.stream_options", {"model", "messages", "max_tokens", "temperature"}),
        (
            "'max_tokens' is not supported",
            {"model", "messages", "max_completion_tokens", "temperature", "stream_options"},
        ),
    ],
)
def test_a_field_that_is_refused_by_name_is_left_out(words, left):
    fields = OptionalFields()

    assert fields.learn(BODY, words)
    assert set(fields.fit(BODY)) == left
    assert not fields.learn(fields.fit(BODY), words)


@pytest.mark.parametrize("words", ["unsupported: 'logprobs'", "Logprobs is not enabled for models/gemini-2.5-pro"])
def test_what_makes_no_sense_alone_goes_together(words):
    fields = OptionalFields()
    body = {"model": "m", "logprobs": True, "top_logprobs": 5}

    assert fields.learn(body, words)
    assert fields.fit(body) == {"model": "m"}


@pytest.mark.parametrize(
    "words", ["temperature must be at most 2", "unsupported value for 'messages'", "unknown model"]
)
def test_other_refusals_teach_nothing(words):
    fields = OptionalFields()

    assert not fields.learn(BODY, words)
    assert fields.fit(BODY) == BODY


def test_a_refusal_of_a_callers_schema_is_not_one_of_the_field_of_the_same_name():
    fields = OptionalFields()
    schema = {"type": "object", "properties": {"temperature": {"type": "number", "minimum": 0}}}
    form = {"type": "json_schema", "json_schema": {"name": "weather", "schema": schema}}
    body = {"temperature": 0.5, "response_format": form}
    assert not fields.learn(body, "In context=('properties', 'temperature'), 'minimum' is not permitted.")
    assert fields.fit(body) == body


def test_a_server_that_demands_what_it_refuses_is_not_asked_for_ever():
    fields = OptionalFields()
    body = {"messages": [{"role": "assistant", "content": "x", "reasoning_content": "y"}]}
    demand, refusal = "Missing `reasoning_content` field in the assistant message", "reasoning_content is unsupported"
    assert [fields.learn(fields.fit(body), words) for words in (demand, refusal, demand, refusal)] == [
        True,
        True,
        False,
        False,
    ]


def test_a_refusal_that_quotes_a_thought_about_what_is_required_is_no_demand():
    """As pydantic words it, Mistral's and others' validator: with the refused value."""
    fields = OptionalFields()
    body = {"messages": [{"role": "assistant", "content": "x", "reasoning_content": "I require the weather"}]}
    words = "body.messages.1.assistant.reasoning_content: Extra inputs are not permitted, input: "
    while "reasoning_content" in (sent := fields.fit(body)["messages"][0]):
        assert fields.learn(fields.fit(body), words + sent["reasoning_content"])
    assert sent == {"role": "assistant", "content": "x"}
