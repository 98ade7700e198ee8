#!/bin/sh
# PgBouncer in transaction mode: the product sets everything it needs by SET LOCAL, so any connection will do.
# Its own settings ask for limits in `options`, which PgBouncer cannot pass on: the role app_rw carries them.
set -eu
mkdir -p /tmp/pgbouncer
umask 077
printf '"app_rw" "%s"\n' "$DB_PASSWORD" > /tmp/pgbouncer/users.txt
cat > /tmp/pgbouncer/pgbouncer.ini <<INI
[databases]
* = host=$PG_HOST port=5432

[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 6432
auth_type = scram-sha-256
auth_file = /tmp/pgbouncer/users.txt
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
ignore_startup_parameters = extra_float_digits,options
INI
exec pgbouncer /tmp/pgbouncer/pgbouncer.ini
