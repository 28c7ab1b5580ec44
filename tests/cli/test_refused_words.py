"""What each command says of words that it cannot use: what is wrong, and what to type or to look at instead."""

from __future__ import annotations

import pytest

from tests.cli.conftest import PASSWORD, Folder

NO_PROVIDER = "there is no provider “nobody”; `doorward provider list` has all"
NO_RULE = "there is no rule “nobody”; `doorward rule list` has all"
NO_REVIEW = "there is no access review nobody; `doorward review list` has them"
NO_STREAM = "there is no stream nobody; `doorward signals list` has them all"
NO_PERSON = "nobody has the username, e-mail address, employee number or id “nobody”"
NO_CASE = "there is no case nobody; `doorward case list --all` has them"
NO_SCIM = "there is no “nobody”; `doorward scim list` has all"
OF_AN_ERROR = "--link and --withdraw are of an error: give its id (E-…)"
A_TIME = "expected 30m, 12h, 7d, or a time such as 2026-12-01T08:00"


@pytest.fixture(scope="module", autouse=True)
def app(site: Folder) -> str:
    """Ann is there, and an application: its id."""
    ann = ("user", "add", "--username", "ann", "--email", "ann@example.com", "--password-stdin")
    assert site.run(*ann, input=PASSWORD + "\n").code == 0
    crm = ("client", "add", "oidc", "--name", "CRM", "--redirect-uri", "https://crm.example/cb", "--json")
    return str(site.run(*crm).json["client_id"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        # -- nothing is called so, and where what there is can be seen ----------------------------------------------
        ("provider show nobody", NO_PROVIDER),
        ("provider sync nobody", NO_PROVIDER),
        ("provider change nobody --set a=b", NO_PROVIDER),
        ("provider remove nobody", NO_PROVIDER),
        ("rule show nobody", NO_RULE),
        ("rule remove nobody", NO_RULE),
        ("rule restore nobody", "no rule nobody was removed in the last 30 days"),
        ("review show nobody", NO_REVIEW),
        ("review end nobody", NO_REVIEW),
        ("signals show nobody", NO_STREAM),
        ("signals pause nobody", NO_STREAM),
        ("signals resume nobody", NO_STREAM),
        ("signals remove nobody", NO_STREAM),
        ("signals test nobody", NO_STREAM),
        ("scim remove nobody", NO_SCIM),
        ("scim renew nobody", NO_SCIM),
        ("source refresh nobody", "no source is called “nobody”"),
        ("source remove nobody", "no source is called “nobody”"),
        ("notice remove nobody", "there is no notice nobody; `doorward notice list` has them"),
        ("group set nobody --name x", "there is no group “nobody”; `doorward group list` has all"),
        ("case close nobody", NO_CASE),
        ("case note nobody text", NO_CASE),
        ("registration withdraw nobody", "there is no token “nobody”; `doorward registration list` shows them"),
        ("registration forget a.example", "nothing is known of “a.example”; `doorward registration hosts` shows them"),
        ("registration end nobody", "`doorward registration clients` has them"),
        ("user approve nobody", "WHO: nobody waits as “nobody”; `doorward user list --pending` has those who do"),
        ("user export nobody", NO_PERSON),
        ("user unlock nobody", NO_PERSON),
        ("user join ann nobody", NO_PERSON),
        ("user many off --login nobody", NO_PERSON),
        ("token create nobody --name x", NO_PERSON),
        ("token withdraw ann nobody", "ann has no token “nobody”; `doorward token list ann` shows theirs"),
        ("user factors ann --remove totp", "--remove: ann has no authenticator totp; `user factors` lists them"),
        ("user contacts ann --remove email", "--remove: ann has no recovery address; without --remove they are listed"),
        ("user contacts ann --remove phone", "--remove: ann has no recovery number; without --remove they are listed"),
        ("user break-glass ann", "USERNAME: “ann” is no break-glass account; there is none yet"),
        ("user undo ann", "there is no such change; `doorward user history` has those that it can be done with"),
        ("client undo CRM", "there is no such change; `doorward client history` has those that it can be done with"),
        ("client restore nobody", "nobody: there is no removed client with this id"),
        ("client refresh CRM", "CRM is no SAML service provider: it has no metadata to read"),
        ("client access nobody --at 2026-01-01", "no application has the id or name “nobody”"),
        ("key pin nobody nobody", "nobody: there is no app of this id; `doorward client list` has them"),
        ("key pin APP nobody", "nobody: no published key of that id"),
        ("key unpin APP nobody", "nobody: no published key of that id"),
        ("key told APP nobody", "nobody: no published key of that id"),
        ("key seen nobody", "nobody: no published key of that id; `doorward key list` has them"),
        ("key promote nobody", "nobody: no published key of that id, and no next key of that algorithm"),
        ("key withdraw nobody", "nobody: no key of that id"),
        ("key rollback nobody", "nobody: no active key of that id or algorithm"),
        ("key rotate --alg nobody", "'nobody' is not supported; choose one of RS256"),
        ("gallery add nobody", "there is no product “nobody” in the gallery; `doorward gallery list` shows all"),
        ("provision show CRM", "nothing is written to this application; `doorward provision add` begins"),
        # -- a value that cannot be one, and what is expected -------------------------------------------------------
        ("provider add --template nobody --name X", "--template: use one of entra, google"),
        ("provider add --name X --set a", "--set a: expected KEY=VALUE"),
        ("user many off --show nobody", "--show: there is no filter “nobody”; use never"),
        ("user disable ann --at soon", "--at: “soon” is no moment; write one such as 2026-12-04T18:00"),
        ("user role ann --add admin --until soon", "--until: expected a day such as 2026-12-31, not “soon”"),
        ("user role ann --add nobody", "there is no role “nobody”; use owner"),
        ("client role CRM --add nobody", "there is no role “nobody”; use owner"),
        ("client role CRM --remove nobody", "there is no role “nobody”; use owner"),
        ("client access CRM --at soon", f"--at: {A_TIME}"),
        ("client access CRM --from 2026-02-01 --until 2026-01-01", "--until: is not after --from"),
        ("audit tail --since soon", f"--since: {A_TIME}"),
        ("audit list --since soon", f"--since: {A_TIME}"),
        ("notice add --text x --from soon", "--from: expected a time such as 2026-12-01T08:00"),
        ("explain CRM --days 0", "--days: a number of days, such as 7"),
        ("registration create --name x --clients 0", "--clients: expected 1 to 100000 clients, such as 10"),
        ("registration create --name x --days 0", "--days: expected 1 to 3660 days, such as 30"),
        ("registration create --name x --owner nobody", "--owner: nobody: there is no such person who may sign in"),
        ("provision add CRM --url https://x.example/scim --map a", "--map a: expected ATTRIBUTE=OURS"),
        ("client set CRM nobody=1", "nobody: unknown key; see the list of client metadata"),
        ("mail test --to +49", "nothing sends there: set sms.sender in the settings"),
        # -- words that do not go together, or too few --------------------------------------------------------------
        ("user set ann", "nothing to change: `doorward user set --help` lists what can be"),
        ("user role ann --app CRM", "limit a role that is given: name it with --add"),
        ("user join ann ann --yes", "these are one person already"),
        ("user remove ann", "To only shut them out, until they are let in again: doorward user disable ann"),
        ("token create ann --name x", "--role: ann has no role, so there is nothing that a token could do"),
        ("explain E-AAAAA-BBBBB --link", OF_AN_ERROR),
        ("explain CRM --withdraw", OF_AN_ERROR),
        ("client access CRM --only", "--only: say who, with --add-group or --add-person; --nobody for no one"),
        ("client access CRM --why ann --only", "--why: only asks; change the limit without it"),
        ("client access CRM --at 2026-01-01 --only", "only ask about another time; change the limit without them"),
        ("provision add CRM", "--url: say its SCIM address"),
        ("move", "where to? Give --to postgresql://user@host/name or --to sqlite:///path"),
        ("backup file.age", "a backup is encrypted: give --recipient, --passphrase-file"),
        ("backup file.age --recipient x --passphrase-file y", "expected --recipient or --passphrase-file, not both"),
        ("backup file.age --passphrase-file nofile", "nofile cannot be read: No such file or directory"),
        ("restore file.age", "a backup is restored into an empty place only"),
        ("user import nofile.csv", "FILE: nofile.csv cannot be read: No such file or directory"),
        ("client add saml --name X", "--metadata: give the application's metadata"),
        ("client add saml --metadata nofile.xml", "--metadata: nofile.xml cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_words_that_cannot_be_used_are_told_with_what_to_type(site: Folder, app: str, words: str, said: str) -> None:
    assert said in site.refusal(*words.replace("APP", app).split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("user sessions ann --end nobody", "ann has no open session nobody; `doorward user sessions ann` lists them"),
        ("client access CRM --at 2026-01-01 --why bob", "--why: nobody has, or had, the name bob"),
        ("audit show nobody", "nothing is recorded under nobody: check the id"),
        ("audit blank ann", "no event is about ann"),
        ("apply nofile.toml", "nofile.toml: cannot be read: No such file or directory"),
    ],
)
def test_what_was_looked_for_in_vain_fails_with_1(site: Folder, words: str, said: str) -> None:
    assert said in site.refusal(*words.split(), code=1)


def test_no_link_is_made_for_somebody_who_is_shut_out(site: Folder) -> None:
    assert site.run("user", "disable", "ann").code == 0
    try:
        said = site.refusal("user", "password", "ann", "--link", code=1)
    finally:
        assert site.run("user", "enable", "ann").code == 0
    assert "ann is shut out, so the link would not work; run `doorward user enable` first" in said
