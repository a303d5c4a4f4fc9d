"""What a tool may ask the client, and the rounds of a call that asks in the stateless era.

Source: 2026-07-28 basic/patterns/mrtr.
"""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import NoReturn

from .call import Call
from .core import InputRequired
from .messages import INVALID_PARAMS, JSON, ProtocolError, Request, encode
from .validation import problems

REQUIRED: Mapping[str, tuple[str, str]] = {
    "elicitation/create": ("elicitation", "2025-06-18"),
    "sampling/createMessage": ("sampling", "2024-11-05"),
    "roots/list": ("roots", "2024-11-05"),
}
"""What a client can be asked: the capability that it takes, and the first revision that has it."""

LIFETIME = 600
"""Seconds for which the state of a call that waits for input is accepted."""


_URL_SINCE = "2025-11-25"


def supports(capabilities: Mapping[str, JSON], method: str, revision: str, mode: str = "form") -> bool:
    """Whether a client that declares these capabilities can be asked this in a revision; `mode` is elicitation's."""
    name, since = REQUIRED[method]
    declared = capabilities.get(name)
    if since > revision or not isinstance(declared, dict):
        return False
    if name != "elicitation":
        return True
    if mode == "url":
        return "url" in declared and revision >= _URL_SINCE
    # A client that names only other modes of elicitation has no forms; an empty object means forms.
    return not declared or "form" in declared


def answer_problem(method: str, params: Mapping[str, JSON], answer: Mapping[str, JSON]) -> str | None:
    """What is wrong with a client's answer; None if it can be used."""
    if method == "elicitation/create":
        if answer.get("action") not in ("accept", "decline", "cancel"):
            return "action must be accept, decline or cancel"
        form = params.get("mode") != "url" and answer["action"] == "accept"
        if form and (found := problems(params["requestedSchema"], answer.get("content"))):
            return f"content doesn't fit the form: {'; '.join(found)}"
    elif method == "sampling/createMessage":
        if answer.get("role") not in ("user", "assistant") or not isinstance(answer.get("content"), dict | list):
            return "a message has a role and content"
        if not isinstance(answer.get("model"), str):
            return "model must be a string"
    elif not isinstance(answer.get("roots"), list):
        return "roots must be a list"
    return None


async def ask_all(call: Call, questions: Mapping[str, tuple[str, dict[str, JSON]]]) -> dict[str, dict[str, JSON]]:
    """Ask several questions, method and params by their keys, in one round where there are rounds; the answers by key.

    In a session one is asked after the other.
    """
    answers: dict[str, dict[str, JSON]] = {}
    pending: dict[str, JSON] = {}
    for key, (method, params) in questions.items():
        try:
            answers[key] = await call.ask(method, params, key=key)
        except InputRequired as interim:
            pending = {**interim.result, "inputRequests": pending.get("inputRequests", {}) | _asked(interim)}
    if pending:
        raise InputRequired(pending)
    return answers


def _asked(interim: InputRequired) -> dict[str, JSON]:
    asked: dict[str, JSON] = interim.result["inputRequests"]
    return asked


class Rounds:
    """One round of a call: what was answered in it and before, and what is still to be asked.

    Earlier answers travel in `requestState`, signed, with the call that they belong to and the time until which they
    count. Nothing is kept here between two rounds.
    """

    def __init__(self, request: Request, secret: bytes) -> None:
        """ProtocolError for responses that are none, or for state that isn't ours, isn't this call's, or is too old."""
        params = request.params
        responses = params.get("inputResponses", {})
        if not isinstance(responses, dict) or not all(isinstance(answer, dict) for answer in responses.values()):
            raise ProtocolError(INVALID_PARAMS, "params.inputResponses must be an object of results")
        self._secret = secret
        self._call = _digest(request)
        earlier = self._open(params["requestState"]) if "requestState" in params else {}
        self._answers: dict[str, JSON] = responses | earlier
        self._used: dict[str, JSON] = {}

    async def ask(self, method: str, params: dict[str, JSON], key: str | None = None) -> dict[str, JSON]:
        """The answer, if it has come; otherwise this is the end of the round."""
        key = key or f"input-{len(self._used) + 1}"
        if key not in self._answers:
            question = {"method": method, "params": params} if params else {"method": method}
            raise InputRequired(
                {"resultType": "input_required", "inputRequests": {key: question}, "requestState": self._seal()}
            )
        answer: dict[str, JSON] = self._answers[key]
        if problem := answer_problem(method, params, answer):
            raise ProtocolError(INVALID_PARAMS, f"params.inputResponses['{key}']: {problem}")
        self._used[key] = answer
        return answer

    def _seal(self) -> str:
        state = {"call": self._call, "until": int(time.time()) + LIFETIME, "answers": self._used}
        payload = urlsafe_b64encode(encode(state))
        return f"{payload.decode()}.{self._sign(payload)}"

    def _open(self, state: JSON) -> dict[str, JSON]:
        payload, _, signature = state.rpartition(".") if isinstance(state, str) else ("", "", "")
        if not hmac.compare_digest(self._sign(_bytes(payload)).encode(), _bytes(signature)):
            _reject("it doesn't come from this server, or was changed")
        opened = json.loads(urlsafe_b64decode(payload))
        if opened["call"] != self._call:
            _reject("it belongs to another call")
        if opened["until"] < time.time():
            _reject("it is too old")
        answers: dict[str, JSON] = opened["answers"]
        return answers

    def _sign(self, payload: bytes) -> str:
        return hmac.new(self._secret, payload, "sha256").hexdigest()


def _digest(request: Request) -> str:
    """What tells one call from another: the method, and all params but those that differ from round to round."""
    same = {name: value for name, value in request.params.items() if name not in _OF_THE_ROUND}
    return hashlib.sha256(json.dumps([request.method, same], sort_keys=True).encode()).hexdigest()


_OF_THE_ROUND = ("_meta", "inputResponses", "requestState")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _reject(why: str) -> NoReturn:
    raise ProtocolError(INVALID_PARAMS, f"params.requestState is not accepted: {why}")
