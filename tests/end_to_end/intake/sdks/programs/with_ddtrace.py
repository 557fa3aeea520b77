"""The program of these tests on an unmodified ddtrace; the environment says where it sends."""

import helper
from ddtrace import tracer
from ddtrace.llmobs import LLMObs

LLMObs.enable(integrations_enabled=False, agent_service="sdk-app")
helper.run(LLMObs)
LLMObs.flush()
tracer.flush()
LLMObs.disable()
tracer.shutdown()
