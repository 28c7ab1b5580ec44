"""The `doorward` command, one file per noun: each adds its parsers and runs its verbs.

Rule: `--json` prints one JSON object on stdout and nothing else; what is wrong goes to stderr with exit code 2 (bad
input) or 1 (failure). Rooms are imported when a command runs, never with the module.
"""

#: Each command and the file of this folder that adds it, in the order of the help.
COMMANDS = {
    "init": "init",
    "serve": "serve",
    "user": "users",
    "invitation": "invitations",
    "group": "groups",
    "attribute": "attributes",
    "scim": "scim",
    "provision": "provisioning",
    "signals": "signals",
    "client": "applications",
    "token": "tokens",
    "registration": "registration",
    "details-type": "details_types",
    "gallery": "gallery",
    "source": "metadata_sources",
    "rule": "sign_in_rules",
    "provider": "providers",
    "key": "signing_keys",
    "audit": "events",
    "explain": "explain",
    "case": "cases",
    "review": "access_reviews",
    "notice": "notices",
    "status": "service_status",
    "export": "configuration_export",
    "plan": "configuration_plan",
    "apply": "configuration_apply",
    "mail": "messages",
    "doctor": "doctor",
    "config": "settings_in_effect",
    "migrate": "migrate",
    "backup": "backup",
    "restore": "restore",
    "move": "move",
    "sweep": "sweep",
    "import": "carry_over",
    "demo-data": "demo_data",
}
