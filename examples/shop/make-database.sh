#!/bin/sh
# The database of this checkout, made once.
set -eu
[ -s .data/pg/PG_VERSION ] && exit
PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -1):$PATH
mkdir -p .data
# Made under another name first: a start that is interrupted leaves nothing half-made under the real one.
rm -rf .data/pg.new
initdb --pgdata=.data/pg.new --username=shop --auth=trust --no-sync >/dev/null
mv .data/pg.new .data/pg
