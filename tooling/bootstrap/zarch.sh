#!/bin/sh
# The command `zarch` of this checkout: builds what is out of date, then becomes the command, in the folder where the user is
# (npm runs scripts in the root of the workspace and tells the user's folder in INIT_CWD).
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 125
node "$root/tooling/bootstrap/prepare.js" build apps/vmm || exit
cd "${INIT_CWD:-.}" || exit 125
exec "$root/node_modules/node/bin/node" "$root/apps/vmm/dist/main.js" "$@"
