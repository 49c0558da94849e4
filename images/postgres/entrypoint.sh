#!/bin/sh
# Starts PostgreSQL on the cluster in PGDATA, which it makes first where there is none.
#   POSTGRES_PASSWORD_VERIFIER  what the server keeps of the superuser's password, SCRAM-SHA-256$..., or
#   POSTGRES_PASSWORD_FILE      a file with the password itself (default /run/secrets/postgres-password)
# The superuser gets it at each start: a volume outlives the state that knew an older one.
# Arguments are handed to postgres and win over the defaults below, e.g. -c shared_buffers=256MB.
set -eu
umask 077

major=17
volume=$(dirname "$PGDATA")
password_file=${POSTGRES_PASSWORD_FILE:-/run/secrets/postgres-password}
password=${POSTGRES_PASSWORD_VERIFIER:-}
unset POSTGRES_PASSWORD_VERIFIER

refuse() {
  printf 'postgres: %s\n  found:  %s\n  remedy: %s\n' "$1" "$2" "$3" >&2
  exit 1
}

case "${1:-}" in
postgres) shift ;;
"" | -*) ;;
*) exec "$@" ;;
esac

case "$password" in
SCRAM-SHA-256\$*:*\$*:*) ;;
"") [ ! -s "$password_file" ] || password=$(head -n 1 "$password_file") ;;
*) refuse "POSTGRES_PASSWORD_VERIFIER is SCRAM-SHA-256\$ITERATIONS:SALT\$STORED_KEY:SERVER_KEY" "a value of another form" \
  "compute it from the password as PostgreSQL does, or give the password in a file" ;;
esac
[ -w "$volume" ] || refuse "$volume must be writable for uid $(id -u)" "$(ls -ld "$volume" 2>&1)" \
  "give a named volume that this image filled first, or change its owner"

# Each container has pids of its own, so PostgreSQL's lock file cannot tell that a second server uses the same volume.
# The server inherits this descriptor and holds the lock for as long as it lives.
exec 9>"$volume/.server.lock"
flock --timeout "${POSTGRES_LOCK_SECONDS:-30}" 9 || refuse "one server at a time may use $volume" \
  "another container holds $volume/.server.lock" "stop the other container that mounts this volume"

rm -rf "$volume"/.initialising.* # a cluster that an interrupted start left half made

if [ ! -e "$PGDATA/PG_VERSION" ]; then
  [ ! -d "$PGDATA" ] || rmdir "$PGDATA" 2>/dev/null || refuse "PGDATA must be a PostgreSQL cluster, empty or absent" \
    "$PGDATA holds $(ls -A "$PGDATA" | head -n 5 | tr '\n' ' ')and no PG_VERSION" "move these files away, or name another volume"
  [ -n "$password" ] || refuse "a new cluster needs the superuser's password" \
    "$password_file is absent or empty, and POSTGRES_PASSWORD_VERIFIER is unset" \
    "mount the password there, name its path in POSTGRES_PASSWORD_FILE, or give its verifier"
  fresh="$volume/.initialising.$$"
  initdb --pgdata="$fresh" --username=postgres --auth-local=peer --auth-host=reject --data-checksums \
    --encoding=UTF8 --locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8 --no-instructions
  mv "$fresh" "$PGDATA" # the only moment at which a cluster comes to be
  sync -f "$volume"
fi

found=$(cat "$PGDATA/PG_VERSION")
[ "$found" = "$major" ] || refuse "this image runs PostgreSQL $major" "the cluster in $PGDATA was made by PostgreSQL $found" \
  "run the image of PostgreSQL $found, or move the data with pg_dump and pg_restore or pg_upgrade"

# Whether the superuser has this password already is told by a salted digest beside the cluster, in one glance.
if [ -n "$password" ]; then
  mark="$volume/.superuser-password"
  salt=$(cut -d: -f1 "$mark" 2>/dev/null || true)
  [ -n "$salt" ] || salt=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  digest="$salt:$(printf '%s%s' "$salt" "$password" | sha256sum | cut -d' ' -f1)"
  if [ "$(cat "$mark" 2>/dev/null || true)" != "$digest" ]; then
    printf "ALTER ROLE postgres PASSWORD '%s';\n" "$(printf '%s' "$password" | sed "s/'/''/g")" \
      | postgres --single -D "$PGDATA" -c log_min_messages=warning -c log_statement=none template1 >/dev/null
    printf '%s\n' "$digest" > "$mark"
  fi
fi
unset password

exec postgres -D "$PGDATA" \
  -c listen_addresses='*' \
  -c unix_socket_directories=/tmp \
  -c hba_file=/etc/rehearsal/pg_hba.conf \
  -c password_encryption=scram-sha-256 \
  -c shared_preload_libraries=pg_stat_statements \
  -c client_connection_check_interval=2s \
  -c log_destination=stderr \
  -c logging_collector=off \
  -c log_line_prefix='%m [%p] %q%u@%d %a ' \
  -c log_lock_waits=on \
  -c log_timezone=UTC \
  -c timezone=UTC \
  "$@"
