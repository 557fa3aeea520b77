"""The demo: `python -m demo` in tools/, which is what `just demo` runs.

`__main__` has its steps, `intake` and `receiver` what the programs send to, `processes` how all of
it is started and ended, `check` and `compare` what must be true of the traces.
"""
