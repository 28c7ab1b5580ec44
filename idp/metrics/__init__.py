"""Metrics for Prometheus: what the workers have counted, and what is read of the installation when somebody asks.

Door: `views.ROUTES`, `starting.start`. Rule: nobody is answered without the token of the settings, and without one set
there is nothing at that address.
"""
