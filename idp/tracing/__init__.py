"""Traces (OpenTelemetry), where somebody has set an address for them: what a request and its jobs did, and how long.

Door: `spans.Tracer` (a part of the services), `spans.context`, `spans.trace_id`. Rule: while it is off nothing is
noted or imported; while it is on a request appends to a list, and all else is done by one thread, `sending`.
"""
