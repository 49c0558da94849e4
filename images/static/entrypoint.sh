#!/bin/sh
# Publishes this release's static files, then serves those of all releases on port 8080.
#   RELEASE        name of the release
#   STATIC_URL     path below which static files are served (default /static/), MEDIA_URL likewise (default /media/)
#   DRAIN_SECONDS  how long to serve on after SIGTERM, so that name resolution forgets this task first (default 3)
set -eu

for pair in "STATIC_URL=${STATIC_URL:-/static/}" "MEDIA_URL=${MEDIA_URL:-/media/}"; do
  case "${pair#*=}" in
  /*/) ;;
  *) bad=1 ;;
  esac
  case "${pair#*=}" in *[!A-Za-z0-9/._-]* | *//*) bad=1 ;; esac
  [ -z "${bad:-}" ] || {
    printf 'static: %s must be a path with a slash at both ends\n  found:  %s\n  remedy: %s\n' "${pair%%=*}" "'${pair#*=}'" \
      "write it like /static/" >&2
    exit 1
  }
done

publish.sh /release/static /srv/static "${RELEASE:-}"
sed -e "s|@STATIC_URL@|${STATIC_URL:-/static/}|" -e "s|@MEDIA_URL@|${MEDIA_URL:-/media/}|" \
  /etc/nginx/nginx.conf.template > /tmp/nginx.conf

stop() {
  trap '' TERM INT QUIT
  sleep "${DRAIN_SECONDS:-3}" &
  wait $!
  kill -QUIT "$server" 2>/dev/null || true
}
trap stop TERM INT QUIT
nginx -e stderr -c /tmp/nginx.conf &
server=$!
# The first wait ends with the signal, the second with the server.
code=0
wait "$server" || code=$?
[ "$code" -le 128 ] || { code=0; wait "$server" || code=$?; }
exit "$code"
