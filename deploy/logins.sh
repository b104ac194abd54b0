#!/bin/sh
# Run once by the PostgreSQL image, when its data folder is new: who delivers gets a login that may only store.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$STORE_PASSWORD" --username postgres --dbname tickets <<'SQL'
CREATE ROLE switchboard_writer NOLOGIN;
CREATE ROLE switchboard_reader NOLOGIN;
CREATE ROLE deliver LOGIN PASSWORD :'password' IN ROLE switchboard_writer;
SQL
