#!/bin/sh
# The real Redis, without a word to the disk: it says ":PORT" when it accepts. Its port is below those that
# the system gives to clients.
port=$((10000 + $$ % 20000))
(
  tries=0
  while [ "$tries" -lt 200 ]; do
    if redis-cli -p "$port" ping > /dev/null 2>&1; then
      echo "listening on 127.0.0.1:$port"
      exit
    fi
    tries=$((tries + 1))
    sleep 0.05
  done
) &
exec redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no >&2
