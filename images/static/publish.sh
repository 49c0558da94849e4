#!/bin/sh
# Adds the release's static files to those of the releases before, and forgets releases beyond the newest ones.
#   publish.sh SOURCE TARGET RELEASE [KEEP]
# TARGET/.releases/RELEASE lists the release's files, and exists only once every one of them is in place: application tasks
# wait for it. A file appears under its name whole or not at all. Tasks on the same volume take turns.
set -eu
export LC_ALL=C

source=$1
target=$2
release=$3
keep=${4:-10}
lists="$target/.releases"

case "$release" in
"" | .* | *[!A-Za-z0-9._-]*)
  printf 'static: RELEASE must be letters, digits, dots, dashes and underscores, and not begin with a dot\n  found:  %s\n  remedy: %s\n' \
    "'$release'" "give the name of the release in the variable RELEASE" >&2
  exit 1
  ;;
esac
[ -w "$target" ] || {
  printf 'static: %s must be writable for uid %s\n  found:  %s\n  remedy: %s\n' "$target" "$(id -u)" "$(ls -ld "$target" 2>&1)" \
    "mount a named volume that this image filled first, or change its owner" >&2
  exit 1
}

exec 9>"$target/.publishing"
flock 9
mkdir -p "$lists"
staging="$target/.staging"
rm -rf "$staging" # what an interrupted publication left
mkdir "$staging"

cp -R --preserve=timestamps "$source/." "$staging/"
(cd "$staging" && find . -type f | sed 's|^\./||' | sort) > "$staging/.list"
(cd "$staging" && find . -type d) | while IFS= read -r directory; do
  mkdir -p "$target/$directory"
  # One call per directory rather than per file; renames within a volume are atomic.
  find "$staging/$directory" -maxdepth 1 -type f ! -path "$staging/./.list" -exec mv -f -t "$target/$directory" {} +
done
mv -f "$staging/.list" "$lists/$release"
rm -rf "$staging"

# A release that is published again is the newest again: that is what going back to it means.
touch "$lists/$release"
old=$(ls -t "$lists" | tail -n "+$((keep + 1))")
[ -n "$old" ] || exit 0
(cd "$lists" && ls -t | head -n "$keep" | xargs cat) | sort -u > /tmp/static-kept
(cd "$lists" && printf '%s\n' "$old" | xargs cat) | sort -u > /tmp/static-old
comm -13 /tmp/static-kept /tmp/static-old | tr '\n' '\0' | (cd "$target" && xargs -0 -r rm -f)
find "$target" -mindepth 1 -type d -empty ! -path "$lists" -delete
(cd "$lists" && printf '%s\n' "$old" | xargs rm -f)
