"""The products that people ask for are all there (R2)."""

from __future__ import annotations

import pytest

from clients.gallery import shelf

#: Each as people call it, and the templates that serve it.
WANTED = {
    "EspoCRM": ["espocrm"],
    "SuiteCRM": ["suitecrm"],
    "WuKong CRM": ["wukong-crm"],
    "Odoo": ["odoo", "odoo-auth-oidc"],
    "Salesforce": ["salesforce"],
    "HubSpot": ["hubspot"],
    "Zoho": ["zoho"],
    "Dynamics 365": ["dynamics-365-power-pages"],
    "Pipedrive": ["pipedrive"],
    "Zendesk": ["zendesk"],
    "Freshdesk": ["freshdesk"],
    "Jira": ["jira"],
    "Confluence": ["confluence"],
    "GitLab": ["gitlab"],
    "Gitea": ["gitea"],
    "Forgejo": ["forgejo"],
    "GitHub Enterprise": ["github-enterprise-server", "github-enterprise-cloud"],
    "Jenkins": ["jenkins"],
    "Argo CD": ["argo-cd"],
    "Kubernetes": ["kubernetes"],
    "Vault": ["vault"],
    "OpenBao": ["openbao"],
    "Grafana": ["grafana"],
    "Kibana": ["kibana"],
    "Sentry": ["sentry"],
    "Nextcloud": ["nextcloud"],
    "ownCloud": ["owncloud"],
    "Seafile": ["seafile"],
    "WordPress": ["wordpress"],
    "Drupal": ["drupal"],
    "MediaWiki": ["mediawiki"],
    "BookStack": ["bookstack"],
    "Outline": ["outline"],
    "Moodle": ["moodle"],
    "Mattermost": ["mattermost", "mattermost-enterprise"],
    "Rocket.Chat": ["rocket-chat"],
    "Matrix Synapse": ["synapse"],
    "Zulip": ["zulip"],
    "Zammad": ["zammad"],
    "osTicket": ["osticket"],
    "Redmine": ["redmine"],
    "Taiga": ["taiga"],
    "OpenProject": ["openproject"],
    "Paperless-ngx": ["paperless-ngx"],
    "Immich": ["immich"],
    "Jellyfin": ["jellyfin"],
    "Portainer": ["portainer"],
    "Proxmox": ["proxmox"],
    "pgAdmin": ["pgadmin"],
    "Superset": ["superset"],
    "Metabase": ["metabase"],
    "JupyterHub": ["jupyterhub"],
    "n8n": ["n8n"],
    "Directus": ["directus"],
    "mod_auth_openidc": ["apache-mod-auth-openidc"],
    "mod_auth_mellon": ["apache-mod-auth-mellon"],
    "Shibboleth": ["shibboleth-sp"],
    "nginx": ["nginx"],
    "Traefik": ["traefik"],
    "oauth2-proxy": ["oauth2-proxy"],
    "AWS IAM Identity Center": ["aws-iam-identity-center"],
    "Google Workspace": ["google-workspace"],
    "Slack": ["slack"],
    "Zoom": ["zoom"],
    "Dropbox": ["dropbox"],
    "Atlassian Cloud": ["atlassian-cloud"],
    "Cloudflare Access": ["cloudflare-access"],
    "Tailscale": ["tailscale"],
}


@pytest.mark.parametrize("name", WANTED)
def test_r2_a_product_that_is_asked_for_is_there_and_found_by_its_name(name: str) -> None:
    found = [one.id for one in shelf.search(name)]
    assert set(WANTED[name]) <= set(found)
    assert found[0] in WANTED[name]


def test_r2_there_are_sixty_or_more_that_can_be_connected() -> None:
    assert len([one for one in shelf.everything() if not one.cannot]) >= 60


def test_r2_the_crm_whose_documents_say_nothing_is_marked_so() -> None:
    wukong = shelf.get("wukong-crm")
    assert wukong.sure == "unsure"
    assert "Nothing was found" in wukong.doubt
    assert shelf.search("悟空") == (wukong,)


def test_r2_what_matches_exactly_comes_first_then_what_begins_so() -> None:
    assert shelf.search("jira")[0].id == "jira"
    assert shelf.search("GIT")[0].id.startswith("git")
    assert shelf.search("oidc crm")
    assert shelf.search("no such product") == ()


@pytest.mark.parametrize("given", ["../secrets", "espocrm.toml", "Espocrm", "", "a/b", "espocrm\x00", "."])
def test_r2_an_id_names_a_template_or_nothing(given: str) -> None:
    assert shelf.find(given) is None
