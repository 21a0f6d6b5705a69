#!/bin/sh
# Prints every failed sign-in as Microsoft makes it known, until it is stopped: time, user, address. Words that follow go to the collector.
#
#     O365AUDIT_CONFIG=/etc/o365audit/o365.yml ./failed-logons.sh
set -eu
program="${O365AUDIT_HOME:-$(dirname "$0")/../..}/dist/o365audit.js"

node "$program" collect --format ecs "$@" | jq --unbuffered --raw-output '
  select(.event.outcome == "failure" and (.event.category | index("authentication")))
  | [."@timestamp", .user.id // "-", .source.ip // "-"] | @tsv'
