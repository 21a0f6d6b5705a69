#!/bin/sh
# Appends what is new to a file, one ECS document a line, and ends: for cron or a timer.
#
#     O365AUDIT_CONFIG=/etc/o365audit/o365.yml ./to-file.sh /var/log/o365audit.ndjson
set -eu
program="${O365AUDIT_HOME:-$(dirname "$0")/../..}/dist/o365audit.js"
file="${1:-o365audit.ndjson}"

# a line that a crash has cut short shall not take the next one with it
if [ -f "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then echo >> "$file"; fi

exec node "$program" collect --once --format ecs >> "$file"
