#!/bin/sh
# Puts a new version in the place of the one that serves: deploy.sh <version> <path of the socket>
set -eu
version=$1
path=$2
here=$(dirname "$0")

# The new version listens elsewhere, and is ready before anybody asks it.
node "$here/app.js" "$version" "$path.$version" &
new=$!
until [ -S "$path.$version" ]; do
  kill -0 "$new" || exit 1
  sleep 0.05
done

# From the second mv on, each request goes to the new version. What is in flight at the old one goes on there.
[ ! -S "$path" ] || mv "$path" "$path.old"
mv "$path.$version" "$path"

# A moment later nobody sends it anything new: it finishes what it has, and leaves.
sleep 0.1
[ ! -f "$path.pid" ] || kill "$(cat "$path.pid")" || true
echo "$new" > "$path.pid"
rm -f "$path.old"
