#!/usr/bin/env bash
# cfn-lint over the template as `cdk deploy` would send it: once with no option of the context, once with every one.
# Needs Python 3.10 with venv, and the network the first time; keeps cfn-lint in .cache/cfn-lint. Exit code 0 or 1.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

version=1.58.0
home=".cache/cfn-lint/$version"
# Of what is checked by region (instance classes, runtimes, zones): the one of the deploy test, and one in the EU.
regions=(us-east-1 eu-central-1)
# W3005 alone may stay: a dependency that a reference implies already. CDK writes them for each function, on its role
# and on the role's policy; the second is needed (a call must not come before the rights), the first does no harm.
ignored=(W3005)

fail() {
  echo "lint-template: $*" >&2
  exit 1
}

install() {
  command -v python3 >/dev/null || fail 'cfn-lint needs python3, which is not on the PATH; npm test does without it'
  rm -rf "$home"
  python3 -m venv "$home" || fail 'python3 has no venv (Debian and Ubuntu: apt-get install python3-venv)'
  "$home/bin/pip" install --quiet --disable-pip-version-check "cfn-lint==$version" ||
    fail "cfn-lint $version could not be installed; see above"
  # Last, so that an install which was interrupted counts as none.
  touch "$home/installed"
}

synth() { # synth CONTEXT-JSON FOLDER
  CDK_CONTEXT_JSON="$1" CDK_OUTDIR="$2" node --disable-warning=ExperimentalWarning bin/app.ts ||
    fail 'the template could not be synthesized; see above'
}

[ -e "$home/installed" ] || install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
synth '{}' "$work/no-option"
synth "$(cat test/synth/every-option.json)" "$work/every-option"
templates=("$work"/*/*.template.json)
"$home/bin/cfn-lint" --regions "${regions[@]}" --ignore-checks "${ignored[@]}" --non-zero-exit-code warning \
  --template "${templates[@]}" || fail 'cfn-lint found what stands above'
echo "cfn-lint $version: ${#templates[@]} templates in ${regions[*]}, nothing but ${ignored[*]}"
