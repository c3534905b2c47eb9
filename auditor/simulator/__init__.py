"""Partner Center and its sign-in service, played on loopback. Rule: shares no code, so no wrong belief, with the client.

=============================================  =================================================================
`scenario`, `kinds*`, `bodies`, `planned`      what each customer answers, attempt by attempt; pure and seeded
`nights`                                       who becomes blocked from one night to the next
`directory`, `customer_list`                   who is a customer; the partner's customer list
`throttle`, `tokens`, `gate`                   what stands before every resource
`wire`, `api`                                  Partner Center over HTTP(S)
`oauth`, `assertions`, `sign_ins`, `grants`    what the sign-in service knows and grants
`pages`, `browser`, `identity`                 the sign-in service over HTTPS, as the real MSAL talks to it
`request_log`                                  what was asked, when, and what was answered
`options`, `certificates`, `server`, `thread`  how it behaves; TLS; wiring and life cycle
=============================================  =================================================================

Assumptions, as the documentation is silent: how unknown, foreign and malformed customer ids are answered; the throttle's
window of 60 s; that the gateway throttles before the token is looked at; what a wrong `type` is answered with (400/900126);
that the page size is cut at 500; that an audience other than the API's is a plain 401.
"""

from auditor.simulator.kinds import DEFAULT_WEIGHTS, KINDS, Kind, describe
from auditor.simulator.options import (
    AnswerOptions,
    CustomerListOptions,
    GateOptions,
    IdentityOptions,
    SimulatorOptions,
    StrangerPolicy,
    ThrottleOptions,
    Window,
)
from auditor.simulator.planned import Bom, RetryAfter
from auditor.simulator.request_log import RequestLog, RequestRecord
from auditor.simulator.scenario import Scenario, covering_seed
from auditor.simulator.server import Simulator
from auditor.simulator.thread import serve_in_thread

__all__ = [
    "DEFAULT_WEIGHTS",
    "KINDS",
    "AnswerOptions",
    "Bom",
    "CustomerListOptions",
    "GateOptions",
    "IdentityOptions",
    "Kind",
    "RequestLog",
    "RequestRecord",
    "RetryAfter",
    "Scenario",
    "Simulator",
    "SimulatorOptions",
    "StrangerPolicy",
    "ThrottleOptions",
    "Window",
    "covering_seed",
    "describe",
    "serve_in_thread",
]
