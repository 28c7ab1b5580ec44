"""Roles of programs: applications that act for themselves, by their client id."""

from __future__ import annotations

from sqlalchemy import Column, Double, MetaData, Table, Text, bindparam, delete, insert, select

metadata = MetaData()

program_roles = Table(
    "program_roles",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("scope", Text),  # JSON array of client ids (app_admin) or group names (help_desk); NULL: all
    Column("until", Double),  # epoch seconds; NULL: no end
    Column("granted_at", Double, nullable=False),
    Column("granted_by", Text, nullable=False),
)

_r = program_roles.c
OF_PROGRAM = select(_r.role, _r.scope, _r.until).where(_r.client_id == bindparam("of_client")).order_by(_r.role)
PROGRAMS = select(_r.client_id).distinct().order_by(_r.client_id)
INSERT = insert(program_roles)
TAKE = delete(program_roles).where(_r.client_id == bindparam("of_client"), _r.role == bindparam("of_role"))
FORGET = delete(program_roles).where(_r.client_id == bindparam("of_client"))
SWEEP = delete(program_roles).where(_r.until < bindparam("before"))
