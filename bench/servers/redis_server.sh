#!/bin/sh
# The real Redis, without a word to the disk, on a port below those that the system gives to
# clients. It prints the line that ends with ":PORT" when it accepts.
port=$((10000 + $$ % 20000))
{
  until redis-cli -p "$port" ping >&2 || ! kill -0 $$; do sleep 0.05; done
  echo "listening on 127.0.0.1:$port"
} &
exec redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no >&2
