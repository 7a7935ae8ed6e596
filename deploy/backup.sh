#!/usr/bin/env bash
# One backup: the database, then the sealed files it names, then checksums. Nothing in it can be read without the keys,
# and the keys are not in it: they are kept elsewhere.
#
#   backup.sh FOLDER                                   SQLite or PostgreSQL, by the settings in the environment
#   COMPOSE_FILE=…/compose.yaml backup.sh FOLDER       the containers of that file
#
# It makes FOLDER/wasl-<time>, whole or not at all, and removes those older than KEEP_DAYS (30): what somebody asked to
# have erased must leave the copies too. Files in an S3-compatible store are not copied: let the store keep versions.
set -euo pipefail
umask 077

into=${1:?"usage: backup.sh FOLDER"}
keep_days=${KEEP_DAYS:-30}
name=wasl-$(date -u +%Y%m%dT%H%M%SZ)
passing=$into/.$name
mkdir -p "$passing"
trap 'rm -rf "$passing"' EXIT

# PostgreSQL's own variables, from the address: a password on a command line is seen by everybody on the machine.
connection_of() {
  python3 - <<'PY'
import os, shlex
from urllib.parse import parse_qsl, unquote, urlsplit

url = urlsplit(os.environ["WASL_DATABASE_URL"])
found = {"host": url.hostname, "port": url.port, "user": url.username, "password": url.password, "database": url.path[1:]}
found = {part: unquote(str(value)) for part, value in found.items() if value} | dict(parse_qsl(url.query))
for part, value in found.items():
    print(f"export PG{part.upper()}={shlex.quote(value)}")
PY
}

# A file that is erased meanwhile is no failure (tar says 1); what is being written has a name that begins with a dot.
# shellcheck disable=SC2016 # the inner shell expands it
pack_files='mkdir -p "$1/files" && { tar -C "$1" --exclude=".*" -cf - files || [ $? -eq 1 ]; }'

if [[ -n ${COMPOSE_FILE:-} ]]; then
  docker compose exec -T database pg_dump -U wasl --format=custom wasl >"$passing/wasl.dump"
  docker compose exec -T wasl sh -c "$pack_files" - /var/lib/wasl >"$passing/files.tar"
else
  if [[ ${WASL_DATABASE_URL:-} == postgresql* ]]; then
    (
      variables=$(connection_of)
      eval "$variables"
      exec pg_dump --format=custom --file="$passing/wasl.dump"
    )
  else
    wasl backup "$passing/wasl.sqlite" >&2
  fi
  if [[ -z ${WASL_FILES_URL:-} ]]; then
    sh -c "$pack_files" - "${WASL_DATA:-.data}" >"$passing/files.tar"
  fi
fi

(cd "$passing" && sha256sum -- * >SHA256SUMS)
sync "$passing"/*
mv "$passing" "$into/$name"
find "$into" -maxdepth 1 -type d -name 'wasl-*' -mtime "+$keep_days" -exec rm -rf {} +
echo "$into/$name"
