"""The version of everything that turns evidence into a decision: analysts, tools, engine.

It rises whenever the same evidence would give another vote, tool result or decision; a replay then says so.
"""

ENGINE_VERSION = "1.0.0"
