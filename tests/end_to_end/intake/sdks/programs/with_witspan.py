"""The program of these tests on witspan's Python package."""

import helper
from witspan import LLMObs

LLMObs.enable(ml_app="sdk-app")
helper.run(LLMObs)
LLMObs.flush()
