"""Partner Center and its sign-in service, simulated on loopback. It shares no code, and so no wrong assumption, with the client.

Assumptions, which the documentation does not cover: the answers for unknown, foreign and malformed customer ids; the throttle's
window of 60 s; that the gateway throttles before it reads the token; the answer to a wrong `type` (400/900126); that the page
size is limited to 500; that an audience other than the API's is a plain 401.
"""

from auditor.simulator.customers import made_up
from auditor.simulator.kinds import DEFAULT_WEIGHTS, KINDS, Kind
from auditor.simulator.options import (
    AnswerOptions,
    CustomerListOptions,
    GateOptions,
    IdentityOptions,
    SimulatorOptions,
    ThrottleOptions,
    Window,
)
from auditor.simulator.replies import Member, PlannedReply, Question
from auditor.simulator.request_log import RequestLog, RequestRecord
from auditor.simulator.scenario import Scenario, covering_seed
from auditor.simulator.server import Simulator, serve_in_thread

__all__ = [
    "DEFAULT_WEIGHTS",
    "KINDS",
    "AnswerOptions",
    "CustomerListOptions",
    "GateOptions",
    "IdentityOptions",
    "Kind",
    "Member",
    "PlannedReply",
    "Question",
    "RequestLog",
    "RequestRecord",
    "Scenario",
    "Simulator",
    "SimulatorOptions",
    "ThrottleOptions",
    "Window",
    "covering_seed",
    "made_up",
    "serve_in_thread",
]
