#!/bin/sh
# Install what the tests of this folder connect into .counterparts/: from the npm registry, PyPI, the Go module proxy and
# Maven Central, by their ordinary clients.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=$here/../../.counterparts
oauth2_proxy=v7.15.6
keycloak=26.7.3
mcp=2.3.0
mkdir -p "$into/node" "$into/bin"
into=$(cd "$into" && pwd)

cp "$here/node/package.json" "$here/node/package-lock.json" "$into/node/"
(cd "$into/node" && npm ci --no-audit --no-fund)

python3 -m venv "$into/mcp"
"$into/mcp/bin/pip" install --quiet "mcp==$mcp"

(cd "$here/go" && go build -o "$into/bin/go-oidc" .)
GOBIN=$into/bin go install "github.com/oauth2-proxy/oauth2-proxy/v7@$oauth2_proxy"

if [ ! -e "$into/keycloak-$keycloak/.built" ]; then
    mvn -q -B dependency:copy -Dartifact="org.keycloak:keycloak-quarkus-dist:$keycloak:zip" -DoutputDirectory="$into"
    (cd "$into" && unzip -q -o "keycloak-quarkus-dist-$keycloak.zip" && rm "keycloak-quarkus-dist-$keycloak.zip")
    "$into/keycloak-$keycloak/bin/kc.sh" build --db=dev-file --cache=local --health-enabled=false
    touch "$into/keycloak-$keycloak/.built"
fi
