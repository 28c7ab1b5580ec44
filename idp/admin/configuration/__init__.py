"""Configuration as code: what there is as files, what files would change, and the change, whole or not at all.

Door: `exporting.export`, `document.read`, `planning.plan`, `applying.apply`, `marks.find`. Rule: a kind of object is
one file and one row in `kinds`; files hold no secret; only what is declared is compared, and only what a file managed
before is ever removed.
"""
